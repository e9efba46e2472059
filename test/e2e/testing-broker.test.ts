import { createStubBackend, ErrorCode, OptionError } from 'iggy-gateway-kafka';
import { createMemoryBackend } from 'iggy-gateway-kafka/adapters/memory';
import { startBroker, type StartBrokerOptions, type TestBroker } from 'iggy-gateway-kafka/testing';
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';

async function started(options?: StartBrokerOptions): Promise<TestBroker> {
  const broker = await startBroker(options);
  onTestFinished(() => broker.close());
  return broker;
}

function clientOf({ bootstrap }: TestBroker): Kafka {
  return new Kafka({
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 1, maxRetryTime: 5, retries: 5 },
  });
}

/** Sends values to topic `t`, one request each. */
async function send(broker: TestBroker, ...values: string[]): Promise<void> {
  const producer = clientOf(broker).producer();
  await producer.connect();
  try {
    for (const value of values) await producer.send({ topic: 't', messages: [{ value }] });
  } finally {
    await producer.disconnect();
  }
}

/** How many records there are in topic `t`. */
async function count(broker: TestBroker): Promise<number> {
  const admin = clientOf(broker).admin();
  await admin.connect();
  try {
    const [partition] = await admin.fetchTopicOffsets('t');
    return Number(partition?.high);
  } finally {
    await admin.disconnect();
  }
}

describe('startBroker', () => {
  test('a client produces and consumes, with nothing to set', async () => {
    const broker = await started();
    expect(broker.bootstrap).toBe(`127.0.0.1:${broker.port}`);
    await send(broker, 'hello');
    const consumer = clientOf(broker).consumer({ groupId: 'g' });
    onTestFinished(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topic: 't', fromBeginning: true });
    const value = await new Promise((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => resolve(message.value?.toString()),
      });
    });
    expect(value).toBe('hello');
  });

  test('configs are those of the broker', async () => {
    const broker = await started({ config: { 'num.partitions': 7 } });
    const admin = clientOf(broker).admin();
    onTestFinished(() => admin.disconnect());
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'seven', numPartitions: -1 }] });
    expect((await admin.fetchTopicOffsets('seven')).length).toBe(7);
  });

  test('the first rebalance of a group waits for nobody, unless it is told to', async () => {
    const delayOf = async (broker: TestBroker): Promise<string | undefined> => {
      const admin = clientOf(broker).admin();
      onTestFinished(() => admin.disconnect());
      await admin.connect();
      const configNames = ['group.initial.rebalance.delay.ms'];
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.BROKER, name: '1', configNames }],
      });
      return resources[0]?.configEntries[0]?.configValue;
    };
    expect(await delayOf(await started())).toBe('0');
    expect(await delayOf(await started({ config: { 'num.partitions': 2 } }))).toBe('0');
    expect(await delayOf(await started({ config: { 'group.initial.rebalance.delay.ms': 50 } }))).toBe('50');
  });

  test('a restart keeps what was stored', async () => {
    const broker = await started();
    await send(broker, 'a');
    const next = await broker.restart();
    onTestFinished(() => next.close());
    expect(broker.gateway.endpoint).toBeNull();
    expect(await count(next)).toBe(1);
  });

  test('any backend is taken, or what makes one', async () => {
    const stub = await started({ backend: createStubBackend() });
    expect(stub.port).toBeGreaterThan(0);
    let made = 0;
    const broker = await started({
      backend: () => {
        made++;
        return createMemoryBackend();
      },
    });
    const next = await broker.restart();
    onTestFinished(() => next.close());
    expect(made).toBe(2);
  });

  test('configs for a backend of the own are refused', async () => {
    await expect(startBroker({ backend: createStubBackend(), config: {} })).rejects.toThrow(OptionError);
  });

  test('a broker kit that another broker has open is refused until that one is closed, even if it is spread', async () => {
    const backend = createMemoryBackend();
    const broker = await started({ backend });
    const refusal = { code: 'BACKEND_IN_USE', message: 'backend memory is open in another gateway' };
    await expect(startBroker({ backend })).rejects.toMatchObject(refusal);
    await expect(startBroker({ backend: { ...backend } })).rejects.toMatchObject(refusal);
    // The refusals took nothing away from the first.
    await send(broker, 'hello');
    await broker.close();
    expect(await count(await started({ backend }))).toBe(1);
  });

  test('it is disposed of, at once', async () => {
    const broker = await startBroker();
    await broker[Symbol.asyncDispose]();
    expect(broker.gateway.endpoint).toBeNull();
  });
});

describe('faults', () => {
  test('a connection that is cut before the append: the client tries again, and the record is there once', async () => {
    const broker = await started();
    const fault = broker.faults.cut('produce', { when: 'before' });
    await send(broker, 'a');
    expect(fault.remaining).toBe(0);
    expect(await count(broker)).toBe(1);
  });

  test('a connection that is cut after the append: the client tries again, and the record is there twice', async () => {
    const broker = await started();
    broker.faults.cut('produce', { when: 'after' });
    await send(broker, 'a');
    expect(await count(broker)).toBe(2);
  });

  test('an API fails as often as was planned', async () => {
    const broker = await started();
    const codes: number[] = [];
    broker.gateway.on('response', ({ api, errorCode }) => {
      if (api === 'produce') codes.push(errorCode);
    });
    const errorCode = ErrorCode.NOT_ENOUGH_REPLICAS;
    broker.faults.fail('produce', { errorCode, times: 2 });
    await send(broker, 'a');
    expect(codes).toEqual([errorCode, errorCode, 0]);
    expect(await count(broker)).toBe(1);
  });

  test('an API that fails after it was done has done it', async () => {
    const broker = await started();
    broker.faults.fail('produce', { errorCode: ErrorCode.REQUEST_TIMED_OUT, when: 'after' });
    await send(broker, 'a');
    expect(await count(broker)).toBe(2);
  });

  test('an API is delayed', async () => {
    const broker = await started();
    const durations: number[] = [];
    broker.gateway.on('response', ({ api, durationMs }) => {
      if (api === 'produce') durations.push(durationMs);
    });
    broker.faults.delay('produce', { ms: 50 });
    await send(broker, 'a', 'b');
    expect(durations).toHaveLength(2);
    // Timers may be a millisecond early.
    expect(durations[0]).toBeGreaterThanOrEqual(48);
  });

  test('only requests for which `where` is true are met', async () => {
    const broker = await started();
    const wanted: unknown[] = [];
    broker.faults.fail('produce', {
      errorCode: ErrorCode.NOT_ENOUGH_REPLICAS,
      times: Infinity,
      where: ({ topicData }, { api }) => {
        wanted.push([api, ...topicData.map(({ name }) => name)]);
        return false;
      },
    });
    await send(broker, 'a');
    expect(wanted).toEqual([['produce', 't']]);
  });

  test('faults are taken back, one or all', async () => {
    const broker = await started();
    const errorCode = ErrorCode.INVALID_RECORD;
    const one = broker.faults.fail('produce', { errorCode, times: Infinity });
    await expect(send(broker, 'a')).rejects.toThrow();
    one.cancel();
    await send(broker, 'a');
    broker.faults.fail('produce', { errorCode, times: Infinity });
    broker.faults.clear();
    await send(broker, 'b');
    expect(await count(broker)).toBe(2);
  });

  test('a fetch that is cut gives its records back, and the consumer gets them later', async () => {
    const broker = await started();
    await send(broker, 'a');
    broker.faults.cut('fetch', { when: 'after' });
    const consumer = clientOf(broker).consumer({ groupId: 'g' });
    onTestFinished(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topic: 't', fromBeginning: true });
    await new Promise((resolve) => {
      void consumer.run({ eachMessage: async () => resolve(undefined) });
    });
  });

  test('bad options are named', async () => {
    const { faults } = await started();
    expect(() => faults.cut('prodce' as never, { when: 'before' })).toThrow('prodce');
    expect(() => faults.cut('produce', { when: 'during' as never })).toThrow('during');
    expect(() => faults.delay('produce', { ms: -1 })).toThrow('-1');
    expect(() => faults.delay('produce', { ms: Infinity })).toThrow('Infinity');
    expect(() => faults.fail('produce', { errorCode: 1, times: 1.5 })).toThrow('1.5');
    expect(() => faults.fail('produce', { errorCode: 0 })).toThrow('option errorCode is 0;');
    expect(() => faults.fail('produce', { errorCode: 40_000 })).toThrow('option errorCode is 40000;');
    expect(() => faults.fail('produce', {} as never)).toThrow('option errorCode is undefined;');
    expect(() => faults.fail('produce', { errorCode: 1, where: 3 as never })).toThrow('option where is 3;');
    expect(() => faults.fail('produce', { errorCode: 1, times: 0 })).toThrow('times');
    expect(() => faults.fail('produce', { errorCode: 1, times: 1.5 })).toThrow('1.5');
    const unanswered = 'the backend memory does not answer it';
    expect(() => faults.cut('describeQuorum', { when: 'before' })).toThrow(unanswered);
    expect(() => faults.cut('apiVersions' as never, { when: 'before' })).toThrow(unanswered);
  });
});
