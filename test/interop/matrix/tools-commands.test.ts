import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from './cluster.js';
import type { WireRecord } from './driver-protocol.js';
import { plain } from './records.js';
import { batchOf } from './scenarios.js';
import { runTool } from './tools-driver.js';

const inCi = !['', '0', 'false', undefined].includes(process.env['CI']);

// What an administrator types, besides what the scenarios have the tools do.
describe('Kafka command line tools', () => {
  let cluster: Cluster;
  let version = '';
  let missing: unknown = null;

  beforeAll(async () => {
    cluster = await Cluster.start();
    try {
      version = (await runTool('TopicCommand', ['--version'])).trim();
    } catch (error) {
      missing = error;
    }
  });
  afterAll(() => cluster.close());

  const on = (tool: string, ...args: string[]): Promise<string> =>
    runTool(tool, ['--bootstrap-server', cluster.bootstrap, ...args]);

  async function lay(topic: string, records: readonly WireRecord[]): Promise<void> {
    await cluster.createTopic(topic);
    await cluster.append(topic, 0, batchOf(records));
  }

  /** A test of one tool, which is a row in the table of what works. */
  function tool(name: string, does: string, run: () => Promise<void>): void {
    test(`${name}: ${does}`, async (context) => {
      await context.annotate(JSON.stringify({ tool: name, does }), 'tool');
      await context.annotate(`Kafka command line tools ${version}`, 'client');
      if (missing !== null) {
        const why = 'Kafka command line tools do not start: run test/interop/install.sh';
        if (inCi) throw new Error(why, { cause: missing });
        context.skip(why);
      }
      const asked = cluster.asked.length;
      try {
        await run();
      } catch (error) {
        await context.annotate(cluster.asked.slice(asked).join(', '), 'output');
        throw error;
      }
      expect(cluster.trouble.splice(0)).toEqual([]);
    });
  }

  tool('kafka-topics', 'creates with configs, lists, describes, adds partitions, deletes', async () => {
    const topics = (...args: string[]): Promise<string> => on('TopicCommand', ...args);
    const created = ['--partitions', '2', '--replication-factor', '1', '--config', 'retention.ms=60000'];
    await topics('--create', '--topic', 'orders', ...created);
    expect((await topics('--list')).split('\n')).toContain('orders');
    const described = await topics('--describe', '--topic', 'orders');
    expect(described).toMatch(/PartitionCount: 2\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=60000/);
    expect(described).toMatch(/Partition: 1\s+Leader: 1\s+Replicas: 1\s+Isr: 1/);
    await topics('--alter', '--topic', 'orders', '--partitions', '4');
    expect(await topics('--describe', '--topic', 'orders')).toContain('PartitionCount: 4');
    await topics('--delete', '--topic', 'orders');
    expect((await topics('--list')).split('\n')).not.toContain('orders');
  });

  tool('kafka-console-producer, kafka-console-consumer', 'go with their defaults, and create the topic', async () => {
    const server = ['--bootstrap-server', cluster.bootstrap];
    await runTool('ConsoleProducer', [...server, '--topic', 'lines'], 'first\nsecond\nthird\n');
    const read = ['--topic', 'lines', '--from-beginning', '--max-messages', '3', '--timeout-ms', '60000'];
    expect(await on('consumer.ConsoleConsumer', ...read)).toBe('first\nsecond\nthird\n');
  });

  tool('kafka-consumer-groups', 'lists, describes with lag, resets and deletes offsets, deletes', async () => {
    const groups = (...args: string[]): Promise<string> => on('consumer.group.ConsumerGroupCommand', ...args);
    /** Current offset, end of the log, lag. */
    const row = async (): Promise<string[] | undefined> =>
      /^auditors\s+audit\s+0\s+(\S+)\s+(\S+)\s+(\S+)/m
        .exec(await groups('--describe', '--group', 'auditors'))
        ?.slice(1);
    await lay('audit', plain(10));
    const earliest = ['--command-property', 'auto.offset.reset=earliest'];
    const read = [
      '--topic',
      'audit',
      '--group',
      'auditors',
      ...earliest,
      '--max-messages',
      '4',
      '--timeout-ms',
      '20000',
    ];
    await on('consumer.ConsoleConsumer', ...read);
    expect((await groups('--list')).split('\n')).toContain('auditors');
    expect(await row()).toEqual(['4', '10', '6']);
    expect(await groups('--describe', '--group', 'auditors', '--state')).toMatch(
      /^auditors\s+127\.0\.0\.1:.*Empty\s+0/m,
    );
    const reset = ['--reset-offsets', '--group', 'auditors', '--topic', 'audit', '--execute'];
    await groups(...reset, '--to-offset', '7');
    expect(await row()).toEqual(['7', '10', '3']);
    await groups(...reset, '--to-earliest');
    expect(await row()).toEqual(['0', '10', '10']);
    await groups('--delete-offsets', '--group', 'auditors', '--topic', 'audit');
    expect(await row()).toBeUndefined();
    await groups(...reset, '--to-latest');
    await groups('--delete', '--group', 'auditors');
    expect((await groups('--list')).split('\n')).not.toContain('auditors');
  });

  tool('kafka-configs', 'alters, shows and drops configs of topics and of the broker', async () => {
    const configs = (...args: string[]): Promise<string> => on('ConfigCommand', ...args);
    await cluster.createTopic('kept');
    const topic = ['--entity-type', 'topics', '--entity-name', 'kept'];
    await configs('--alter', ...topic, '--add-config', 'retention.ms=60000,max.message.bytes=2000');
    const described = await configs('--describe', ...topic);
    expect(described).toMatch(
      /retention\.ms=60000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=60000/,
    );
    expect(described).toContain('max.message.bytes=2000 ');
    await configs('--alter', ...topic, '--delete-config', 'retention.ms');
    expect(await configs('--describe', ...topic)).not.toContain('retention.ms');
    const broker = ['--entity-type', 'brokers', '--entity-name', '1'];
    expect(await configs('--describe', ...broker, '--all')).toMatch(/num\.partitions=1 /);
    await configs('--alter', ...broker, '--add-config', 'message.max.bytes=3000000');
    expect(await configs('--describe', ...broker)).toContain('message.max.bytes=3000000 ');
    await configs('--alter', ...broker, '--delete-config', 'message.max.bytes');
    expect(await configs('--describe', ...broker)).not.toContain('message.max.bytes=3000000 ');
  });

  tool('kafka-producer-perf-test, kafka-consumer-perf-test', 'send and read 20,000 records', async () => {
    await cluster.createTopic('perf', 2);
    const records = ['--topic', 'perf', '--num-records', '20000', '--record-size', '100', '--throughput', '-1'];
    const server = ['--bootstrap-server', cluster.bootstrap];
    expect(await runTool('ProducerPerformance', [...records, ...server])).toMatch(/^20000 records sent/m);
    const [first, second] = await Promise.all([cluster.records('perf', 0), cluster.records('perf', 1)]);
    expect(first.length + second.length).toBe(20_000);
    const printed = await on('ConsumerPerformance', '--topic', 'perf', '--num-records', '20000', '--timeout', '20000');
    // start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, ...
    expect(Number(printed.trim().split('\n').at(-1)!.split(', ')[4])).toBe(20_000);
  });

  tool('kafka-get-offsets, kafka-log-dirs', 'tell the end and the size of a partition', async () => {
    await lay('sized', plain(10));
    expect(await on('GetOffsetShell', '--topic', 'sized', '--time', 'latest')).toBe('sized:0:10\n');
    const printed = await on('LogDirsCommand', '--describe', '--topic-list', 'sized');
    const { brokers } = JSON.parse(printed.split('\n').find((line) => line.startsWith('{'))!);
    expect(brokers[0].logDirs[0].partitions[0]).toMatchObject({
      partition: 'sized-0',
      size: batchOf(plain(10)).length,
    });
  });

  tool('kafka-cluster, kafka-broker-api-versions, kafka-groups', 'tell of the cluster', async () => {
    const id = await runTool('ClusterTool', ['cluster-id', '--bootstrap-server', cluster.bootstrap]);
    expect(id).toMatch(/^Cluster ID: \S+$/m);
    expect(await on('BrokerApiVersionsCommand')).toMatch(/Produce\(0\): 0 to \d+ \[usable: \d+\]/);
    await lay('any', plain(1));
    const earliest = ['--command-property', 'auto.offset.reset=earliest'];
    await on('consumer.ConsoleConsumer', '--topic', 'any', '--group', 'listed', ...earliest, '--max-messages', '1');
    expect(await on('GroupsCommand', '--list')).toMatch(/^listed\s+Classic\s+consumer/m);
  });
});
