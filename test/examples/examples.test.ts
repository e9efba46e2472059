import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';

// Each example runs as it stands, as a process of its own, with a real client in front.

const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Example {
  /** Lines printed so far. */
  readonly lines: readonly string[];
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends it as a service manager would; gives the exit code. */
  stop(): Promise<number | null>;
}

function start(name: string, env: Readonly<Record<string, string>> = {}): Example {
  const file = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file], { env: { ...process.env, PORT: '0', ...env } });
  running.push(child);
  const lines: string[] = [];
  let look = (): void => undefined;
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    look();
  });
  let problems = '';
  child.stderr.on('data', (chunk: Buffer) => {
    problems += chunk.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    lines,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
          if (match) resolve(match);
        };
        void exited.then(() => {
          reject(new Error(`${name} ended without ${String(pattern)}: ${problems}`));
        });
        look();
      }),
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

function client(port: string | undefined): Kafka {
  return new Kafka({
    clientId: 'example',
    brokers: [`127.0.0.1:${String(port)}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  });
}

describe('examples', () => {
  it('embed-the-stub: a client finds the broker', async () => {
    const example = start('embed-the-stub');
    const [, port] = await example.line(/127\.0\.0\.1:(\d+)/);
    const admin = client(port).admin();
    await admin.connect();
    const { brokers, controller } = await admin.describeCluster();
    await admin.disconnect();
    expect(brokers).toEqual([{ nodeId: 1, host: '127.0.0.1', port: Number(port) }]);
    expect(controller).toBe(1);
    expect(await example.stop()).toBe(0);
  });

  it('own-backend: a client produces, and the backend has the records', async () => {
    const example = start('own-backend');
    const [, port] = await example.line(/on port (\d+)/);
    const producer = client(port).producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const first = await producer.send({ topic: 'events', messages: [{ value: 'a' }, { value: 'b' }] });
    const second = await producer.send({ topic: 'events', messages: [{ value: 'c' }] });
    await producer.disconnect();
    expect([first[0]?.baseOffset, second[0]?.baseOffset]).toEqual(['0', '2']);
    expect(await example.stop()).toBe(0);
    expect(example.lines.at(-1)).toBe('3 records in 2 batches');
  });

  it('own-store: what a client produced is there when the program is started again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'own-store-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const env = { FILE: join(folder, 'broker.log') };
    const offsets: (string | undefined)[] = [];
    for (let run = 0; run < 2; run++) {
      const example = start('own-store', env);
      const [, port] = await example.line(/on port (\d+)/);
      const producer = client(port).producer({ createPartitioner: Partitioners.DefaultPartitioner });
      await producer.connect();
      const [sent] = await producer.send({ topic: 'events', messages: [{ value: 'a' }, { value: 'b' }] });
      await producer.disconnect();
      offsets.push(sent?.baseOffset);
      expect(await example.stop()).toBe(0);
    }
    expect(offsets).toEqual(['0', '2']);
  });

  it('log-events: each event is a line of JSON', async () => {
    const example = start('log-events');
    const [, port] = await example.line(/"event":"listening".*"port":(\d+)/);
    const admin = client(port).admin();
    await admin.connect();
    await admin.listTopics();
    await admin.disconnect();
    await example.line(/"event":"disconnect"/);
    expect(await example.stop()).toBe(0);
    const events = example.lines.map((text) => JSON.parse(text) as { event: string; api?: string; error?: string });
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['connection', 'response', 'close']));
    expect(events).toContainEqual(expect.objectContaining({ event: 'response', api: 'metadata', error: 'NONE' }));
  });
});
