import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runClient } from '../run-client.js';
import { type Driver, UnsupportedError } from './driver.js';
import { readNumbers } from './kcat-driver.js';
import type { Commands, ReadRecord } from './driver-protocol.js';

const JARS = fileURLToPath(new URL('../.jars/', import.meta.url));
const LIGHT = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off'];
const TOOLS = 'org.apache.kafka.tools.';
/** On two cores that all are at work, each start of Java takes its time. */
const LIMIT_MS = 120_000;
/** A record of 10 MiB is printed too. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Stands for null: in none of the records. */
const NULL = '~null~';
const QUICK = ['retry.backoff.ms=10', 'reconnect.backoff.ms=10', 'reconnect.backoff.max.ms=100'];
const text = (base64: string | null): string => (base64 === null ? NULL : Buffer.from(base64, 'base64').toString());
const base64 = (value: string): string | null => (value === NULL ? null : Buffer.from(value).toString('base64'));

/** The command line of Java for a tool, by the name of its class in the package of the tools. */
export function toolCommand(tool: string, args: readonly string[]): string[] {
  return [...LIGHT, '-cp', `${JARS}*`, `${TOOLS}${tool}`, ...args];
}

/** Runs a tool to its end and gives what it printed; rejects when it printed or ended in an error. */
export async function runTool(tool: string, args: readonly string[], input = ''): Promise<string> {
  const run = await runClient('java', toolCommand(tool, args), {
    input,
    limitMs: LIMIT_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  if (run.exitCode !== 0 || /^(Error|\[.*ERROR)/m.test(run.stderr + run.stdout)) {
    throw new Error(`${run.command}\n${run.stdout}\n${run.stderr}`);
  }
  return run.stdout;
}

/** Kafka's command line tools, each command a Java of its own. */
export async function startTools(bootstrap: string): Promise<Driver> {
  const stdout = await runTool('TopicCommand', ['--version']);
  const version = /^\d\S*/m.exec(stdout)?.[0];
  if (version === undefined) throw new Error(stdout);
  return new ToolsDriver(bootstrap, version);
}

class ToolsDriver implements Driver {
  readonly hello: { readonly version: string };
  readonly #bootstrap: string;
  #member: { readonly child: ChildProcess; readonly group: string; readonly clientId: string } | null = null;
  #memberOut = '';
  static #members = 0;

  constructor(bootstrap: string, version: string) {
    this.#bootstrap = bootstrap;
    this.hello = { version };
  }

  async do<Op extends keyof Commands>(op: Op, input: Commands[Op][0]): Promise<Commands[Op][1]> {
    const handler = (this as unknown as Record<string, ((input: unknown) => Promise<unknown>) | undefined>)[`$${op}`];
    if (handler === undefined) throw new UnsupportedError('no tool does it');
    return (await handler.call(this, input)) as Commands[Op][1];
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  close(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async $connect(): Promise<Commands['connect'][1]> {
    const printed = await this.#tool('BrokerApiVersionsCommand', []);
    return { brokers: [...printed.matchAll(/^\S+ \(id: (\d+) /gm)].map((match) => Number(match[1])) };
  }

  async $create({ topic, partitions }: Commands['create'][0]): Promise<object> {
    await this.#tool('TopicCommand', ['--create', '--topic', topic, '--partitions', String(partitions)]);
    return {};
  }

  async $describe({ topic }: Commands['describe'][0]): Promise<Commands['describe'][1]> {
    const printed = await this.#tool('TopicCommand', ['--describe', '--topic', topic]);
    return { partitions: Number(/PartitionCount: (\d+)/.exec(printed)?.[1]) };
  }

  async $deleteTopic({ topic }: Commands['deleteTopic'][0]): Promise<object> {
    await this.#tool('TopicCommand', ['--delete', '--topic', topic]);
    return {};
  }

  async $deleteRecords({ topic, partition, offset }: Commands['deleteRecords'][0]): Promise<object> {
    const folder = await mkdtemp(join(tmpdir(), 'tools-'));
    try {
      const file = join(folder, 'offsets.json');
      await writeFile(file, JSON.stringify({ version: 1, partitions: [{ topic, partition, offset }] }));
      await this.#tool('DeleteRecordsCommand', ['--offset-json-file', file]);
    } finally {
      await rm(folder, { recursive: true });
    }
    return {};
  }

  async $produce({ topic, compression, idempotent, records }: Commands['produce'][0]): Promise<object> {
    const lines = records.map(({ key, value, headers }) => {
      const pairs = headers.map(([name, header]) => `${name}:${text(header)}`).join(',');
      return `${headers.length === 0 ? NULL : pairs}\t${text(key)}\t${text(value)}\n`;
    });
    const reader = ['parse.key=true', 'parse.headers=true', `null.marker=${NULL}`];
    const settings = [`enable.idempotence=${String(idempotent)}`, 'linger.ms=50', 'max.request.size=16000000'];
    await this.#tool(
      'ConsoleProducer',
      [
        ...['--topic', topic, '--compression-codec', compression, '--request-required-acks', 'all'],
        ...reader.flatMap((property) => ['--reader-property', property]),
        ...settings.flatMap((property) => ['--command-property', property]),
      ],
      lines.join(''),
    );
    return {};
  }

  async $consume({ topic, partition, offset, timestamp, count }: Commands['consume'][0]) {
    let from = offset === -2 ? 'earliest' : String(offset);
    if (timestamp !== undefined) {
      const which = ['--topic-partitions', `${topic}:${partition}`, '--time', String(timestamp)];
      from = (await this.#tool('GetOffsetShell', which)).trim().split(':')[2]!;
    }
    const at = ['--partition', String(partition), '--offset', from];
    return { records: await this.#consume(['--topic', topic, ...at, '--max-messages', String(count)]) };
  }

  async $readGroup({ group, topic, count }: Commands['readGroup'][0]) {
    const member = ['--group', group, '--command-property', 'auto.offset.reset=earliest'];
    return { records: await this.#consume(['--topic', topic, ...member, '--max-messages', String(count)]) };
  }

  async $flood({ topic, count, value, idempotent }: Commands['flood'][0]): Promise<Commands['flood'][1]> {
    const lines = Array.from({ length: count }, (_, number) => `${number}\t${value}\n`);
    const inFlight = `max.in.flight.requests.per.connection=${idempotent ? 5 : 1}`;
    const settings = [...QUICK, `enable.idempotence=${String(idempotent)}`, inFlight, 'batch.size=8000'];
    // The key says the partition. What was not acknowledged, it prints as an error.
    await this.#tool(
      'ConsoleProducer',
      [
        ...['--topic', topic, '--request-required-acks', 'all', '--reader-property', 'parse.key=true'],
        ...settings.flatMap((property) => ['--command-property', property]),
      ],
      lines.join(''),
    );
    return { failed: [] };
  }

  async $drain({ topic, counts }: Commands['drain'][0]): Promise<Commands['drain'][1]> {
    const format = ['print.partition=true', 'print.key=true', 'print.value=false'];
    // With every node gone, and there is one, it would forget its topics, join its group anew and read from the beginning.
    const settings = [...QUICK, 'metadata.recovery.strategy=none'];
    const printed = await this.#tool('consumer.ConsoleConsumer', [
      ...['--topic', topic, '--from-beginning', '--timeout-ms', '60000'],
      ...['--max-messages', String(counts.reduce((sum, one) => sum + one, 0))],
      ...format.flatMap((property) => ['--formatter-property', property]),
      ...settings.flatMap((property) => ['--command-property', property]),
    ]);
    return { read: readNumbers(printed, counts.length) };
  }

  async $join({ group, topic }: Commands['join'][0]): Promise<object> {
    const clientId = `tools-${++ToolsDriver.#members}`;
    const settings = [`client.id=${clientId}`, 'auto.offset.reset=earliest', 'session.timeout.ms=6000'];
    const args = ['--topic', topic, '--group', group];
    for (const setting of [...settings, 'heartbeat.interval.ms=500']) args.push('--command-property', setting);
    const child = spawn('java', this.#command('consumer.ConsoleConsumer', args));
    child.stdout.setEncoding('utf8').on('data', (out: string) => (this.#memberOut += out));
    child.stderr.resume();
    this.#member = { child, group, clientId };
    return Promise.resolve({});
  }

  async $state(): Promise<Commands['state'][1]> {
    const { group, clientId } = this.#member!;
    const run = await runClient(
      'java',
      this.#command('consumer.group.ConsumerGroupCommand', ['--describe', '--group', group, '--members', '--verbose']),
    );
    // GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS CURRENT-EPOCH CURRENT-ASSIGNMENT ..., which is topic:0,1
    const line = run.stdout.split('\n').find((row) => row.split(/\s+/).includes(clientId)) ?? '';
    const partitions = /:(\d[\d,]*)/.exec(line)?.[1]?.split(',').map(Number) ?? [];
    return { partitions, values: this.#memberOut.split('\n').slice(0, -1) };
  }

  async $leave(): Promise<object> {
    await this.#end('SIGTERM');
    return {};
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#member?.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await closed;
  }

  async #consume(args: readonly string[]): Promise<ReadRecord[]> {
    const format = ['timestamp', 'offset', 'headers', 'key'].map((part) => `print.${part}=true`);
    const formatter = [...format, `null.literal=${NULL}`].flatMap((property) => ['--formatter-property', property]);
    const printed = await this.#tool('consumer.ConsoleConsumer', [...args, ...formatter, '--timeout-ms', '60000']);
    return printed.split('\n').slice(0, -1).map(parse);
  }

  #command(tool: string, args: readonly string[]): string[] {
    return toolCommand(tool, ['--bootstrap-server', this.#bootstrap, ...args]);
  }

  #tool(tool: string, args: readonly string[], input?: string): Promise<string> {
    return runTool(tool, ['--bootstrap-server', this.#bootstrap, ...args], input);
  }
}

/** CreateTime:1\tOffset:2\tname:value,name:value\tkey\tvalue */
function parse(line: string): ReadRecord {
  const [timestamp, offset, headers, key, value] = line.split('\t');
  const pairs = headers === 'NO_HEADERS' ? [] : headers!.split(',').map((pair) => pair.split(':'));
  return {
    offset: Number(offset!.slice('Offset:'.length)),
    timestamp: Number(timestamp!.slice('CreateTime:'.length)),
    key: base64(key!),
    value: base64(value!),
    headers: pairs.map(([name, header]) => [name!, base64(header!)] as const),
  };
}
