import { beforeEach, describe, expect, test } from 'vitest';
import { kafkajs } from './clients.js';
import { requireClient, show, startStub } from './scenario.js';

/** The client prints one line of JSON for each thing that it saw. */
function seen(stdout: string): unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{') || line.startsWith('['))
    .map((line): unknown => JSON.parse(line));
}

describe('kafkajs', () => {
  beforeEach((context) => requireClient(context, kafkajs));

  test('connects to the accepting stub, describes the cluster and fetches metadata', async (context) => {
    await using stub = await startStub('accepting');
    const run = await kafkajs.run([stub.bootstrap, 'metadata', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(0);
    const partition = { partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1] };
    expect(seen(run.stdout)).toMatchObject([
      { clusterId: null, controller: 1, brokers: [{ nodeId: 1, host: '127.0.0.1', port: stub.port }] },
      { topics: [] },
      { topics: [{ name: 'greetings', partitions: [partition] }] },
    ]);
    expect(stub.trouble).toEqual([]);
  });

  test('connects to the retriable stub, describes the cluster, and is told that a topic is unknown', async (context) => {
    await using stub = await startStub('retriable');
    const run = await kafkajs.run([stub.bootstrap, 'metadata', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(1);
    expect(seen(run.stdout)).toMatchObject([{ clusterId: null, brokers: [{ nodeId: 1 }] }, { topics: [] }]);
    expect(run.stdout).toContain('error: KafkaJSProtocolError: This server does not host this topic-partition\n');
    expect(stub.trouble).toEqual([]);
  });

  test('creates a topic on the accepting stub', async (context) => {
    await using stub = await startStub('accepting');
    const run = await kafkajs.run([stub.bootstrap, 'create-topic', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(0);
    expect(seen(run.stdout)).toEqual([{ created: true }]);
    expect(stub.asked).toContain('CreateTopics v3');
    expect(stub.trouble).toEqual([]);
  });

  test('produces to the accepting stub', async (context) => {
    await using stub = await startStub('accepting');
    const run = await kafkajs.run([stub.bootstrap, 'produce', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(0);
    expect(seen(run.stdout)).toMatchObject([
      [
        {
          topicName: 'greetings',
          partition: 0,
          errorCode: 0,
          baseOffset: '0',
          logAppendTime: '-1',
          logStartOffset: '0',
        },
      ],
    ]);
    expect(stub.asked).toContain('Produce v7');
    expect(stub.trouble).toEqual([]);
  });

  test('fails clearly to produce to the retriable stub', async (context) => {
    await using stub = await startStub('retriable');
    const run = await kafkajs.run([stub.bootstrap, 'produce', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/^error: KafkaJS\w+: This server does not host this topic-partition$/m);
    expect(stub.trouble).toEqual([]);
  });
});
