import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { buildBatch, initProducerIdApi } from 'iggy-gateway-kafka/protocol';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { newStream } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { createTopic, produceUntilTaken } from './support/produce.js';
import { readValues } from './support/read-values.js';

let iggy: IggyServer;
/** A user's folder, with the SDK installed. */
let folder: string;

beforeAll(async () => {
  iggy = await startIggy();
  folder = await mkdtemp(join(tmpdir(), 'iggy-command-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(process.env['IGGY_SDK'] ?? '', join(folder, 'node_modules/apache-iggy'));
});
afterAll(async () => {
  await iggy.close();
  await rm(folder, { recursive: true });
});

interface Command {
  readonly child: ChildProcess;
  /** Settles with the exit code, and what was written. */
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  /** Where it listens. */
  readonly bootstrap: Promise<string>;
}

function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const command = [fileOf('../../src/cli/main.ts'), 'serve', '--bind', '127.0.0.1:0', '--backend', 'iggy', ...args];
  const child = spawn(process.execPath, ['--import', fileOf('../../node_modules/tsx/dist/loader.mjs'), ...command], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const bootstrap = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const [, address] = /listening on (\S+) \(backend iggy\)/.exec(out) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  const failed = ended.then(({ err: said }) => Promise.reject<string>(new Error(said)));
  const listening = Promise.race([bootstrap, failed]);
  listening.catch(() => undefined);
  return { child, ended, bootstrap: listening };
}

test('serve --backend iggy: what is written and committed is there after it was stopped and started', async () => {
  const args = ['--iggy-address', `127.0.0.1:${String(iggy.port)}`, '--iggy-stream', newStream()];
  const readOne = async (bootstrap: string): Promise<string> => {
    const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: 'readers' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    const value = await new Promise<string>((resolve, reject) => {
      const eachMessage = async ({
        partition,
        message,
      }: {
        partition: number;
        message: { offset: string; value: Buffer | null };
      }) => {
        await consumer.commitOffsets([{ topic: 'orders', partition, offset: String(Number(message.offset) + 1) }]);
        consumer.pause([{ topic: 'orders' }]);
        resolve(String(message.value));
      };
      consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 1, eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    return value;
  };
  const first = serve(args);
  const bootstrap = await first.bootstrap;
  const producer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
  expect(await readOne(bootstrap)).toBe('one');
  await producer.send({ topic: 'orders', messages: [{ value: 'two' }] });
  await producer.disconnect();
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({
    code: 0,
    err: 'iggy-gateway-kafka: SIGTERM: closing\niggy-gateway-kafka: closed\n',
  });

  const second = serve(args);
  expect(await readOne(await second.bootstrap)).toBe('two');
  second.child.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
});

const KILLS = 8;
/** Batches between two kills. */
const BATCHES = 40;
const RECORDS = 3;

test(`${String(KILLS)} kills of the gateway lose nothing of an idempotent producer, and repeat nothing`, async () => {
  const args = ['--iggy-address', `127.0.0.1:${String(iggy.port)}`, '--iggy-stream', newStream()];
  let gateway = serve(args);
  const admin = await WireClient.connect(await gateway.bootstrap);
  await createTopic(admin, 'orders', 2);
  const ask = { transactionalId: null, transactionTimeoutMs: 60_000 };
  const { producerId, producerEpoch } = await admin.send(initProducerIdApi, ask);
  const sent: string[][] = [[], []];
  const wakes: (() => void)[] = [];
  let over = false;

  async function producer(partition: number): Promise<void> {
    let client: WireClient | null = null;
    for (let baseSequence = 0; !over; baseSequence += RECORDS) {
      const values = Array.from({ length: RECORDS }, (_, index) => `value-${String(baseSequence + index)}`);
      const records = buildBatch(
        values.map((value) => ({ timestamp: Date.now(), value: Buffer.from(value) })),
        { producerId: Number(producerId), producerEpoch, baseSequence },
      );
      for (;;) {
        try {
          client ??= await WireClient.connect(await gateway.bootstrap);
          await produceUntilTaken(client, 'orders', partition, records);
          break;
        } catch (error) {
          // The connection is gone, and the next gateway is on its way.
          if (String(error).includes('Produce gave')) throw error;
          client = null;
          await delay(10);
        }
      }
      sent[partition]!.push(...values);
      wakes.splice(0).forEach((wake) => wake());
    }
    await client?.close();
  }

  const producing = Promise.all(sent.map((_, partition) => producer(partition)));
  for (let kill = 0; kill < KILLS; kill++) {
    const enough = sent.flat().length + BATCHES * RECORDS;
    while (sent.flat().length < enough) {
      await Promise.race([producing, new Promise<void>((resolve) => wakes.push(resolve))]);
    }
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    gateway = serve(args);
  }
  over = true;
  await producing;
  await admin.close();
  const bootstrap = await gateway.bootstrap;
  const stored: string[][] = [];
  for (const partition of sent.keys()) stored.push(await readValues(bootstrap, 'orders', 0, partition));
  expect(stored).toEqual(sent);
}, 120_000);

test('the start is stopped with one line when Iggy refuses the password, which the line does not tell', async () => {
  const args = ['--iggy-address', `127.0.0.1:${String(iggy.port)}`, '--log-level', 'quiet'];
  const { code, out, err } = await serve(args, { IGGY_KAFKA_IGGY_PASSWORD: 'not-this-one' }).ended;
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^iggy-gateway-kafka: cannot start: Iggy refuses the credentials: [^\n]+\n$/);
  expect(err).not.toContain('not-this-one');
});

test('the start is stopped with one line when Iggy is not there', async () => {
  const { code, out, err } = await serve(['--iggy-address', '127.0.0.1:1', '--log-level', 'quiet']).ended;
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^iggy-gateway-kafka: cannot start: [^\n]*ECONNREFUSED[^\n]*\n$/);
});
