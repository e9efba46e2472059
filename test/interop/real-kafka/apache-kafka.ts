import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jars } from '../clients.js';
import { runClient } from '../run-client.js';

/** Short runs on a small machine: no optimizing compiler, no parallel collector. */
const JAVA = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', '-cp', `${jars}*`];

/** What a single node needs, and what would otherwise take it seconds: one partition for each topic of its own. */
const ONE_NODE = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.listener.names': 'CONTROLLER',
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.num.partitions': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  'share.coordinator.state.topic.min.isr': 1,
  // Its cleaner starts anew with every config that changes: two buffers of the default 128 MiB are more than the heap.
  'log.cleaner.dedupe.buffer.size': 2 * 1024 * 1024,
};

/** Without eligible leader replicas, which set a config for the whole cluster. */
const PLAIN = ['--feature', 'eligible.leader.replicas.version=0'];

/** A broker of Apache Kafka: one node, a process of its own. */
export interface ApacheKafka {
  readonly port: number;
  /** Stops it and starts it again over its files, at the same port. */
  restart(): Promise<void>;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/** Starts Apache Kafka from the jars that install.sh has fetched. */
export async function startApacheKafka(config: Readonly<Record<string, unknown>> = {}): Promise<ApacheKafka> {
  const folder = await mkdtemp(path.join(tmpdir(), 'apache-kafka-'));
  const [port, controller] = await freePorts();
  const settings = {
    ...ONE_NODE,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'log.dirs': path.join(folder, 'log'),
    ...config,
  };
  const properties = path.join(folder, 'server.properties');
  await writeFile(
    properties,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${String(value)}\n`)
      .join(''),
  );
  const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg';
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties, ...PLAIN];
  const { exitCode, stderr } = await runClient('java', [...JAVA, ...format]);
  if (exitCode !== 0) throw new Error(`Kafka's storage was not formatted:\n${stderr.slice(-4096)}`);
  let child = await run(properties);
  return {
    port,
    async restart() {
      await ended(child);
      child = await run(properties);
    },
    async stop() {
      await ended(child);
      await rm(folder, { recursive: true });
    },
  };
}

/** It takes 3 s, or many more beside other work. */
const START_MS = 100_000;

/** Settles once the broker serves. */
function run(properties: string): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn('java', [...JAVA, 'kafka.Kafka', properties], { stdio: ['ignore', 'pipe', 'pipe'] });
    // Nobody may be left to stop it.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    const timer = setTimeout(kill, START_MS);
    let log = '';
    const onLog = (text: string): void => {
      log = (log + text).slice(-16_384);
      if (!log.includes('Kafka Server started')) return;
      // What it says from now on is read and dropped: a full pipe would stop it.
      child.stderr.off('data', onLog).resume();
      clearTimeout(timer);
      resolve(child);
    };
    child.stdout.resume();
    child.stderr.setEncoding('utf8').on('data', onLog);
    child.once('error', reject);
    child.once('close', () => {
      process.off('exit', kill);
      clearTimeout(timer);
      reject(new Error(`Kafka did not start:\n${log}`));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
    child.kill();
  });
}

/** Two ports that nobody listens on: the quorum's voters are named before they have bound. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as [number, number];
}
