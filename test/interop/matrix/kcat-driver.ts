import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { type ClientRun, runClient } from '../run-client.js';
import { type Driver, UnsupportedError } from './driver.js';
import type { Commands, ReadRecord, WireRecord } from './driver-protocol.js';

const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
const base64 = (value: string | null): string | null => (value === null ? null : Buffer.from(value).toString('base64'));
/** Between key and value on a line; in none of the records. */
const SEPARATOR = '\u0001';
const MEMBER = ['-X', 'session.timeout.ms=6000', '-X', 'heartbeat.interval.ms=500', '-X', 'auto.offset.reset=earliest'];

const QUICK = ['retry.backoff.ms=10', 'reconnect.backoff.ms=10', 'reconnect.backoff.max.ms=100'].flatMap((setting) => [
  '-X',
  setting,
]);

/** kcat: command lines, one for each command. */
export async function startKcat(bootstrap: string): Promise<Driver> {
  const { stdout } = await runClient('kcat', ['-V']);
  const match = /Version (\S+) \(.*librdkafka (\S+)/.exec(stdout);
  return new KcatDriver(bootstrap, match ? `${match[1]!}, librdkafka ${match[2]!}` : '?');
}

interface Printed {
  readonly offset: number;
  readonly ts: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers?: readonly (string | null)[];
}

class KcatDriver implements Driver {
  readonly hello: { readonly version: string };
  readonly #bootstrap: string;
  #member: ReturnType<typeof spawn> | null = null;
  #memberOut = '';
  #memberErr = '';

  constructor(bootstrap: string, version: string) {
    this.#bootstrap = bootstrap;
    this.hello = { version };
  }

  async do<Op extends keyof Commands>(op: Op, input: Commands[Op][0]): Promise<Commands[Op][1]> {
    const handler = (this as unknown as Record<string, ((input: unknown) => Promise<unknown>) | undefined>)[`$${op}`];
    if (handler === undefined) throw new UnsupportedError('it has no command for it');
    return (await handler.call(this, input)) as Commands[Op][1];
  }

  async kill(): Promise<void> {
    const member = this.#member;
    if (member === null || member.exitCode !== null || member.signalCode !== null) return;
    const closed = new Promise((resolve) => member.once('close', resolve));
    member.kill('SIGKILL');
    await closed;
  }

  close(): Promise<void> {
    return this.kill();
  }

  async $connect(): Promise<Commands['connect'][1]> {
    const { stdout } = await this.#run(['-L', '-J']);
    const { brokers } = JSON.parse(stdout) as { brokers: { id: number }[] };
    return { brokers: brokers.map(({ id }) => id) };
  }

  async $describe({ topic }: Commands['describe'][0]): Promise<Commands['describe'][1]> {
    const { stdout } = await this.#run(['-L', '-J', '-t', topic]);
    const { topics } = JSON.parse(stdout) as { topics: { partitions: unknown[] }[] };
    return { partitions: topics[0]!.partitions.length };
  }

  async $produce({ topic, partition, compression, idempotent, records }: Commands['produce'][0]): Promise<object> {
    const folder = await mkdtemp(join(tmpdir(), 'kcat-'));
    const options = ['-P', '-t', topic, '-p', String(partition), '-X', `compression.codec=${compression}`];
    options.push('-X', `enable.idempotence=${String(idempotent)}`, '-X', 'message.max.bytes=16000000');
    try {
      for (const group of together(records)) {
        const headers = group[0]!.headers.flatMap(([name, value]) => [
          '-H',
          value === null ? name : `${name}=${text(value)}`,
        ]);
        if (group.length === 1 && group[0]!.value !== null && group[0]!.value.length > 1_000_000) {
          const file = join(folder, 'value');
          await writeFile(file, Buffer.from(group[0]!.value, 'base64'));
          await this.#run([...options, ...headers, '-k', text(group[0]!.key ?? ''), file]);
          continue;
        }
        const lines = group.map(({ key, value }) => {
          const before = key === null ? '' : `${text(key)}${SEPARATOR}`;
          return `${before}${value === null ? '' : text(value)}\n`;
        });
        // With -Z what is empty is null, without it empty.
        const keys = group[0]!.key === null ? [] : ['-K', SEPARATOR];
        const nulls = group[0]!.value === null ? ['-Z'] : [];
        await this.#run([...options, ...headers, ...keys, ...nulls], lines.join(''));
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    return {};
  }

  async $consume({ topic, partition, offset, timestamp, count }: Commands['consume'][0]) {
    const from = timestamp !== undefined ? `s@${timestamp}` : offset === -2 ? 'beginning' : String(offset);
    const args = ['-C', '-t', topic, '-p', String(partition), '-o', from, '-c', String(count), '-e'];
    if (count === 1) {
      // Bytes that are no text: only their sizes go as text.
      const run = await runClient('kcat', ['-b', this.#bootstrap, ...args, '-q', '-f', '%o %T %k %S\n'], {
        limitMs: 60_000,
      });
      const raw = await this.#bytes([...args, '-q', '-D', '', '-f', '%s']);
      const [at, ts, key, size] = run.stdout.trim().split(' ');
      if (Number(size) !== raw.length) throw new Error(`${raw.length} bytes of ${size}`);
      const record = { offset: Number(at), timestamp: Number(ts), key: base64(key ?? null), headers: [] };
      return { records: [{ ...record, value: raw.toString('base64') }] };
    }
    const run = await this.#run([...args, '-q', '-J']);
    return { records: run.stdout.trim().split('\n').map(parse) };
  }

  async $readGroup({ group, topic, count }: Commands['readGroup'][0]) {
    const run = await this.#run(['-G', group, '-c', String(count), '-q', '-J', ...MEMBER, topic]);
    return { records: run.stdout.trim().split('\n').map(parse) };
  }

  async $flood({ topic, count, value, idempotent }: Commands['flood'][0]): Promise<Commands['flood'][1]> {
    const lines = Array.from({ length: count }, (_, number) => `${number}${SEPARATOR}${value}\n`);
    const inFlight = ['-X', `enable.idempotence=${String(idempotent)}`, '-X', `max.in.flight=${idempotent ? 5 : 1}`];
    // The key says the partition; an exit code of 0 that all are acknowledged.
    await this.#run(
      ['-P', '-t', topic, '-K', SEPARATOR, ...QUICK, ...inFlight, '-X', 'batch.num.messages=200'],
      lines.join(''),
    );
    return { failed: [] };
  }

  async $drain({ topic, counts }: Commands['drain'][0]): Promise<Commands['drain'][1]> {
    const run = await this.#run(['-C', '-t', topic, '-o', 'beginning', '-e', '-q', ...QUICK, '-f', '%p %k\\n']);
    return { read: readNumbers(run.stdout, counts.length) };
  }

  async $join({ group, topic }: Commands['join'][0]): Promise<object> {
    const member = spawn('kcat', ['-b', this.#bootstrap, '-G', group, '-u', '-J', ...MEMBER, topic]);
    member.stdout.setEncoding('utf8').on('data', (out: string) => (this.#memberOut += out));
    member.stderr.setEncoding('utf8').on('data', (out: string) => (this.#memberErr += out));
    this.#member = member;
    return Promise.resolve({});
  }

  async $state(): Promise<Commands['state'][1]> {
    // % Group g rebalanced (memberid ...): assigned: t [0], t [1]
    const last =
      this.#memberErr
        .split('\n')
        .filter((line) => line.includes(' rebalanced '))
        .at(-1) ?? '';
    const assigned = last.includes('assigned:') ? last : '';
    const partitions = [...assigned.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));
    const lines = this.#memberOut.split('\n').filter((line) => line.endsWith('}'));
    return Promise.resolve({ partitions, values: lines.map((line) => (JSON.parse(line) as Printed).payload ?? '') });
  }

  async $leave(): Promise<object> {
    const member = this.#member!;
    const closed = new Promise((resolve) => member.once('close', resolve));
    member.kill('SIGINT');
    await closed;
    return {};
  }

  async #run(args: readonly string[], input?: string): Promise<ClientRun> {
    const options = { limitMs: 60_000, ...(input !== undefined && { input }) };
    // It ends when all brokers are down, and a cut connection is a broker that is down: here is another, for the name.
    const bootstrap = `${this.#bootstrap},${this.#bootstrap.replace('127.0.0.1', 'localhost')}`;
    const run = await runClient('kcat', ['-b', bootstrap, ...args], options);
    if (run.exitCode !== 0) throw new Error(`${run.command}\n${run.stderr}`);
    return run;
  }

  #bytes(args: readonly string[]): Promise<Buffer> {
    const child = spawn('kcat', ['-b', this.#bootstrap, ...args]);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => {
        resolve(Buffer.concat(chunks));
      });
    });
  }
}

/** Runs of records whose headers, nulls and keys go by the same command line: one kcat sends each. */
function together(records: readonly WireRecord[]): WireRecord[][] {
  const groups: WireRecord[][] = [];
  let last = '';
  for (const record of records) {
    const line = JSON.stringify([record.headers, record.key === null, record.value === null]);
    if (line !== last) groups.push([]);
    groups.at(-1)!.push(record);
    last = line;
  }
  return groups;
}

/** From lines of a partition and a number, the numbers of each partition. */
export function readNumbers(printed: string, partitions: number): number[][] {
  const read: number[][] = Array.from({ length: partitions }, () => []);
  for (const [, partition, number] of printed.matchAll(/(\d+)\s(\d+)\n/g))
    read[Number(partition)]!.push(Number(number));
  return read;
}

function parse(line: string): ReadRecord {
  const { offset, ts, key, payload, headers = [] } = JSON.parse(line) as Printed;
  const pairs: [string, string | null][] = [];
  for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at]!, base64(headers[at + 1] ?? null)]);
  return { offset, timestamp: ts, key: base64(key), value: base64(payload), headers: pairs };
}
