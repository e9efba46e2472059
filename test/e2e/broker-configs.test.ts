// The error codes, sources and synonyms are those that Apache Kafka 4.3.1 gave to the same requests.
import { ErrorCode, OptionError } from 'iggy-gateway-kafka';
import { createBrokerBackend, type LogStore, singleNode } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryBackend, createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { alterConfigsApi, describeConfigsApi, listConfigResourcesApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import {
  alter,
  APPEND,
  BROKER,
  createTopic,
  DELETE,
  describeConfig,
  SET,
  SUBTRACT,
  TOPIC,
} from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { writeState } from '../support/stored-state.js';
import { WireClient } from '../support/wire-client.js';

const [LOGGER, METRICS, GROUP] = [8, 16, 32];

describe('DescribeConfigs', () => {
  test('shows each value with where it comes from', async () => {
    const broker = await startBroker({ config: { 'log.retention.hours': 2, 'message.max.bytes': '5000' } });
    const client = await broker.connect();
    await createTopic(client, 't', { configs: { 'segment.bytes': '2097152' } });
    const topic = (name: string) => describeConfig(client, TOPIC, 't', name);
    const own = (name: string) => describeConfig(client, BROKER, '1', name);
    expect(await topic('segment.bytes')).toEqual({
      value: '2097152',
      source: 1,
      readOnly: false,
      synonyms: ['segment.bytes=2097152 from 1', 'log.segment.bytes=1073741824 from 5'],
    });
    expect(await topic('max.message.bytes')).toEqual({
      value: '5000',
      source: 4,
      readOnly: false,
      synonyms: ['message.max.bytes=5000 from 4', 'message.max.bytes=1048588 from 5'],
    });
    // As Kafka has it: what only a synonym in other units gives, has no source of its own.
    expect(await topic('retention.ms')).toMatchObject({ value: '7200000', source: 5, synonyms: [] });
    expect(await topic('flush.ms')).toMatchObject({ value: '9223372036854775807', source: 5, synonyms: [] });
    expect(await own('log.retention.ms')).toMatchObject({ value: null, source: 5, readOnly: false });
    expect(await own('log.retention.hours')).toMatchObject({ value: '2', source: 4, readOnly: true });
    expect(await own('num.partitions')).toMatchObject({ value: '1', source: 5, readOnly: true });
    expect(await own('node.id')).toMatchObject({ value: '1', source: 4, readOnly: true });
    const listeners = { value: `PLAINTEXT://127.0.0.1:${broker.port}`, source: 4 };
    expect(await own('advertised.listeners')).toMatchObject(listeners);
  });

  test.each([1, 2, 3, 4])('version %i shows all configs of a topic and of the broker', async (version) => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    const resources = [
      { resourceType: TOPIC, resourceName: 't', configurationKeys: null },
      { resourceType: BROKER, resourceName: '1', configurationKeys: [] },
      { resourceType: LOGGER, resourceName: '1', configurationKeys: null },
    ];
    const { response } = await client.send(describeConfigsApi, version, {
      resources,
      includeDocumentation: version >= 3,
    });
    const [topic, broker, logger] = response.results.map(({ configs }) => configs);
    expect(topic).toHaveLength(37);
    expect(broker?.length).toBeGreaterThan(340);
    expect(logger).toEqual([]);
    const policy = topic?.find(({ name }) => name === 'cleanup.policy');
    expect(policy).toMatchObject(version < 3 ? { value: 'delete' } : { configType: 7, documentation: /^What becomes/ });
  });

  test.each([
    [TOPIC, 'nono', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [TOPIC, 'a b', ErrorCode.INVALID_TOPIC_EXCEPTION],
    [TOPIC, '', ErrorCode.INVALID_TOPIC_EXCEPTION],
    [BROKER, '2', ErrorCode.INVALID_REQUEST],
    [BROKER, 'x', ErrorCode.INVALID_REQUEST],
    [LOGGER, '2', ErrorCode.INVALID_REQUEST],
    [METRICS, 'x', ErrorCode.INVALID_REQUEST],
    [GROUP, 'x', ErrorCode.INVALID_REQUEST],
    [77, 'x', ErrorCode.INVALID_REQUEST],
  ])('refuses resource %i %j', async (resourceType, resourceName, errorCode) => {
    const client = await (await startBroker()).connect();
    const resources = [{ resourceType, resourceName, configurationKeys: null }];
    const { response } = await client.send(describeConfigsApi, 4, { resources });
    expect(response.results).toMatchObject([{ errorCode, resourceType, resourceName, configs: [] }]);
  });
});

describe('IncrementalAlterConfigs', () => {
  test('sets, deletes, appends and subtracts', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    const policy = async () => (await describeConfig(client, TOPIC, 't', 'cleanup.policy'))?.value;
    const change = (operation: number, value: string | null) =>
      alter(client, TOPIC, 't', [['cleanup.policy', operation, value]]);
    expect(await change(APPEND, 'compact')).toEqual({ errorCode: 0, errorMessage: null });
    expect(await policy()).toBe('delete,compact');
    await change(SUBTRACT, 'delete');
    expect(await policy()).toBe('compact');
    await change(SET, 'delete');
    expect(await policy()).toBe('delete');
    await change(DELETE, null);
    expect(await describeConfig(client, TOPIC, 't', 'cleanup.policy')).toMatchObject({ value: 'delete', source: 5 });
  });

  test('only checks, where that is asked for', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    expect(await alter(client, TOPIC, 't', [['retention.ms', SET, '9']], true)).toMatchObject({ errorCode: 0 });
    expect(await describeConfig(client, TOPIC, 't', 'retention.ms')).toMatchObject({ value: '604800000' });
  });

  const refused: [number, string, [string, number, string | null][], number][] = [
    [TOPIC, 't', [['retention.ms', SET, 'x']], ErrorCode.INVALID_CONFIG],
    [TOPIC, 't', [['retention.ms', SET, null]], ErrorCode.INVALID_REQUEST],
    [TOPIC, 't', [['nope', SET, 'x']], ErrorCode.INVALID_CONFIG],
    [TOPIC, 't', [['cleanup.policy', APPEND, 'x']], ErrorCode.INVALID_CONFIG],
    [TOPIC, 't', [['retention.ms', APPEND, '5']], ErrorCode.INVALID_CONFIG],
    [TOPIC, 't', [['nope', SUBTRACT, '5']], ErrorCode.INVALID_CONFIG],
    [TOPIC, 't', [['retention.ms', 9, '5']], ErrorCode.INVALID_REQUEST],
    [TOPIC, 't', [['retention.ms', SET, '5'], ['retention.ms', SET, '6']], ErrorCode.INVALID_REQUEST], // prettier-ignore
    [TOPIC, 'nono', [['retention.ms', SET, '5']], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [TOPIC, 'nono', [['retention.ms', SET, 'x']], ErrorCode.INVALID_CONFIG],
    [TOPIC, 'a b', [['retention.ms', SET, '5']], ErrorCode.INVALID_TOPIC_EXCEPTION],
    [TOPIC, '', [['retention.ms', SET, '5']], ErrorCode.INVALID_REQUEST],
    [BROKER, '2', [['message.max.bytes', SET, '5']], ErrorCode.INVALID_REQUEST],
    [BROKER, 'x', [['message.max.bytes', SET, '5']], ErrorCode.INVALID_REQUEST],
    [BROKER, '1', [['num.partitions', SET, '5']], ErrorCode.INVALID_REQUEST],
    [BROKER, '1', [['message.max.bytes', SET, 'x']], ErrorCode.INVALID_REQUEST],
    [BROKER, '1', [['message.max.bytes', APPEND, '5']], ErrorCode.INVALID_CONFIG],
    // Kafka takes it, for a plugin's; here there are none, and an unknown name is a mistake.
    [BROKER, '1', [['nope.nope', SET, '5']], ErrorCode.INVALID_REQUEST],
    [LOGGER, '1', [['some.logger', SET, 'INFO']], ErrorCode.INVALID_CONFIG],
    [77, 'x', [['retention.ms', SET, '5']], ErrorCode.INVALID_REQUEST],
  ];
  test.each(refused)('refuses resource %i %j, %j', async (resourceType, resourceName, changes, errorCode) => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    expect(await alter(client, resourceType, resourceName, changes)).toMatchObject({ errorCode });
    expect(await describeConfig(client, TOPIC, 't', 'retention.ms')).toMatchObject({ source: 5 });
  });

  test('changes the broker while it runs: this one before all of them', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    await alter(client, BROKER, '', [['message.max.bytes', SET, '7000']]);
    expect(await describeConfig(client, TOPIC, 't', 'max.message.bytes')).toMatchObject({ value: '7000', source: 3 });
    expect(await describeConfig(client, BROKER, '', 'message.max.bytes')).toMatchObject({
      value: '7000',
      synonyms: ['message.max.bytes=7000 from 3'],
    });
    await alter(client, BROKER, '1', [['message.max.bytes', SET, '8000']]);
    expect(await describeConfig(client, TOPIC, 't', 'max.message.bytes')).toEqual({
      value: '8000',
      source: 2,
      readOnly: false,
      synonyms: ['message.max.bytes=8000 from 2', 'message.max.bytes=7000 from 3', 'message.max.bytes=1048588 from 5'],
    });
    await alter(client, BROKER, '1', [['message.max.bytes', DELETE, null]]);
    expect(await describeConfig(client, TOPIC, 't', 'max.message.bytes')).toMatchObject({ value: '7000', source: 3 });
  });
});

describe('configs that are known and not enforced', () => {
  test('are checked by type, kept and shown', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { configs: { 'remote.copy.lag.ms': '5' } });
    expect(await describeConfig(client, TOPIC, 't', 'remote.copy.lag.ms')).toMatchObject({ value: '5', source: 1 });
    expect(await alter(client, TOPIC, 't', [['remote.copy.lag.ms', SET, 'x']])).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
    });
    const relogin = 'sasl.kerberos.min.time.before.relogin';
    expect(await alter(client, BROKER, '1', [[relogin, SET, '58000']])).toMatchObject({ errorCode: 0 });
    expect(await describeConfig(client, BROKER, '1', relogin)).toMatchObject({
      value: '58000',
      source: 2,
      readOnly: false,
      synonyms: [`${relogin}=58000 from 2`, `${relogin}=60000 from 5`],
    });
    expect(await alter(client, BROKER, '1', [[relogin, SET, 'soon']])).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: `Invalid value soon for configuration ${relogin}: it is a whole number of type long`,
    });
    expect(await alter(client, BROKER, '', [[relogin, SET, '5']])).toEqual({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: `Cannot update these configs at default cluster level, broker id must be specified: ${relogin}`,
    });
    expect(await alter(client, BROKER, '1', [['queued.max.requests', SET, '5']])).toEqual({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Cannot update these configs dynamically: queued.max.requests',
    });
  });

  test('keep passwords from clients', async () => {
    const client = await (await startBroker()).connect();
    const password = 'listener.name.internal.ssl.keystore.password';
    await alter(client, BROKER, '1', [[password, SET, 'secret']]);
    const resources = [{ resourceType: BROKER, resourceName: '1', configurationKeys: [password] }];
    const { response } = await client.send(describeConfigsApi, 4, { resources, includeSynonyms: true });
    expect(response.results[0]?.configs).toMatchObject([
      { name: password, value: null, isSensitive: true, configType: 9, synonyms: [{ value: null, source: 2 }] },
    ]);
  });

  test('are documented as such, and those that are internal to Kafka are not shown', async () => {
    const client = await (await startBroker()).connect();
    const configurationKeys = ['queued.max.requests', 'unstable.api.versions.enable'];
    const resources = [{ resourceType: BROKER, resourceName: '1', configurationKeys }];
    const { response } = await client.send(describeConfigsApi, 4, { resources, includeDocumentation: true });
    expect(response.results[0]?.configs).toMatchObject([
      { name: 'queued.max.requests', value: '500', documentation: expect.stringMatching(/Not enforced/) },
    ]);
  });

  test('are shown for a topic that sets one that is internal to Kafka', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { configs: { 'internal.segment.bytes': '1000' } });
    expect(await describeConfig(client, TOPIC, 't', 'internal.segment.bytes')).toMatchObject({
      value: '1000',
      source: 1,
    });
  });

  test('keep the first of equal elements of a list', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { configs: { 'cleanup.policy': 'delete,delete' } });
    expect(await describeConfig(client, TOPIC, 't', 'cleanup.policy')).toMatchObject({ value: 'delete' });
  });

  test('are named in a warning when an embedder sets them', async () => {
    const warnings: string[] = [];
    const config = { 'num.partitions': 2, 'ssl.client.auth': 'required', 'group.consumer.migration.policy': 'Upgrade' };
    const options = { config, warn: (message: string) => void warnings.push(message) };
    const client = await (await startBroker(options)).connect();
    const names = 'ssl.client.auth, group.consumer.migration.policy';
    expect(warnings).toEqual([`configs that are set and not enforced, only shown: ${names}`]);
    expect(await describeConfig(client, BROKER, '1', 'ssl.client.auth')).toMatchObject({
      value: 'required',
      source: 4,
    });
  });
});

describe('AlterConfigs', () => {
  test('replaces all that there is', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { configs: { 'retention.ms': '5' } });
    const replace = async (
      resourceType: number,
      resourceName: string,
      configs: [string, string | null][],
      times = 1,
    ) => {
      const resource = { resourceType, resourceName, configs: configs.map(([name, value]) => ({ name, value })) };
      const resources = Array<typeof resource>(times).fill(resource);
      const { response } = await client.send(alterConfigsApi, 2, { resources, validateOnly: false });
      return response.responses.map(({ errorCode }) => errorCode);
    };
    expect(await replace(TOPIC, 't', [['retention.bytes', '100']])).toEqual([0]);
    expect(await describeConfig(client, TOPIC, 't', 'retention.bytes')).toMatchObject({ value: '100', source: 1 });
    expect(await describeConfig(client, TOPIC, 't', 'retention.ms')).toMatchObject({ value: '604800000', source: 5 });
    expect(await replace(TOPIC, 't', [['retention.bytes', null]])).toEqual([ErrorCode.INVALID_REQUEST]);
    expect(await replace(TOPIC, 't', [['retention.bytes', 'x']])).toEqual([ErrorCode.INVALID_CONFIG]);
    expect(await replace(TOPIC, 't', [], 2)).toEqual([ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST]);
    expect(await replace(BROKER, '1', [['num.partitions', '5']])).toEqual([ErrorCode.INVALID_REQUEST]);
    expect(await replace(LOGGER, '1', [])).toEqual([ErrorCode.INVALID_REQUEST]);
    expect(await describeConfig(client, TOPIC, 't', 'retention.bytes')).toMatchObject({ value: '100' });
  });
});

test('ListConfigResources lists topics and brokers, and refuses types that there are not', async () => {
  const client = await (await startBroker()).connect();
  await createTopic(client, 't');
  const ask = async (version: number, resourceTypes: number[]) => {
    const { response } = await client.send(listConfigResourcesApi, version, { resourceTypes });
    return [response.errorCode, ...response.configResources.map((it) => `${it.resourceType} ${it.resourceName}`)];
  };
  expect(await ask(0, [])).toEqual([0]);
  expect(await ask(1, [])).toEqual([0, '2 t', '4 1', '8 1']);
  expect(await ask(1, [TOPIC, TOPIC])).toEqual([0, '2 t']);
  expect(await ask(1, [GROUP, METRICS])).toEqual([0]);
  expect(await ask(1, [77])).toEqual([ErrorCode.UNSUPPORTED_VERSION]);
});

test('altered configs outlast a broker over the same store', async () => {
  const store = createMemoryStore();
  const first = await startBroker({ store });
  const client = await first.connect();
  await createTopic(client, 't');
  await alter(client, TOPIC, 't', [['retention.ms', SET, '5']]);
  await alter(client, BROKER, '', [['log.segment.bytes', SET, '2000000']]);
  await alter(client, BROKER, '1', [['log.roll.ms', SET, '3']]);
  await alter(client, BROKER, '1', [['log.preallocate', SET, 'true']]);
  await alter(client, BROKER, '1', [['log.preallocate', DELETE, null]]);
  await client.close();
  await first.gateway.close();

  const again = await WireClient.connect((await startBroker({ store })).port);
  expect(await describeConfig(again, TOPIC, 't', 'retention.ms')).toMatchObject({ value: '5', source: 1 });
  expect(await describeConfig(again, TOPIC, 't', 'segment.bytes')).toMatchObject({ value: '2000000', source: 3 });
  expect(await describeConfig(again, TOPIC, 't', 'segment.ms')).toMatchObject({ value: '3', source: 2 });
  expect(await describeConfig(again, TOPIC, 't', 'preallocate')).toMatchObject({ value: 'false', source: 5 });
  await again.close();
});

test('what was altered once and is no config any more is left out, and told', async () => {
  const store = createMemoryStore();
  await writeState(store, [['config/cluster', Buffer.from('{"gone.config":"1","log.roll.ms":"3"}')]]);
  const warnings: string[] = [];
  const client = await (await startBroker({ store, warn: (message) => void warnings.push(message) })).connect();
  expect(await describeConfig(client, BROKER, '1', 'log.roll.ms')).toMatchObject({ value: '3', source: 3 });
  expect(warnings).toEqual([expect.stringContaining('gone.config')]);
});

describe('createBrokerBackend refuses', () => {
  const store = createMemoryStore();
  test.each([
    [{ 'num.partition': 3 }, 'config["num.partition"] is 3; there is no such config; the nearest is num.partitions'],
    [{ 'num.partitions': 0 }, 'config["num.partitions"] is 0; it is at least 1'],
    [{ 'num.partitions': '' }, 'config["num.partitions"] is ""; it is a whole number of type int'],
    [{ 'auto.create.topics.enable': 'yes' }, 'it is true or false'],
    [{ 'log.cleanup.policy': ['compact', 'x'] }, 'it is one of delete, compact'],
    [{ 'message.max.bytes': 3e9 }, 'it does not fit into the type int'],
    [{ listeners: 'PLAINTEXT://:9092' }, 'it follows from the gateway and the store'],
    [{ constructor: 1 }, 'there is no such config'],
    [{ 'zookeeper.connect': 'x' }, /there is no such config$/],
    [{ 'num.partitions': {} as never }, 'its type is int'],
    [{ 'queued.max.requests': '0' }, 'it is at least 1'],
    [{ 'group.consumer.assignors': '' }, 'it is a list that is not empty'],
    [{ 'remote.log.storage.manager.impl.prefix': '' }, 'it is a text that is not empty'],
    [{ 'group.consumer.migration.policy': 'x' }, 'it is one of BIDIRECTIONAL, DISABLED, DOWNGRADE, UPGRADE'],
  ])('the config %j', (config, message) => {
    expect(() => createBrokerBackend({ store, config })).toThrow(message);
    expect(() => createBrokerBackend({ store, config })).toThrow(OptionError);
  });

  test('what is no store, and configs that are no object', () => {
    expect(() => createBrokerBackend({ store: {} as LogStore })).toThrow(
      'option store is an object; expected a LogStore: missing methods are listTopics, createTopic, ' +
        'createPartitions, alterTopicConfigs, deleteTopic, append, read, logOffsets, openShard',
    );
    expect(() => createBrokerBackend({ store: createMemoryBackend() as never })).toThrow(
      'option store is an object; expected a LogStore: a Backend goes to createKafkaGateway({ backend })',
    );
    expect(() => createBrokerBackend(store as never)).toThrow(
      'option options is an object; expected { store }, got a LogStore',
    );
    expect(() => createBrokerBackend({ store: 'memory' as never })).toThrow(
      'option store is "memory"; it is a LogStore',
    );
    expect(() => createBrokerBackend({ store: null as never })).toThrow('option store is null; it is a LogStore');
    expect(() => createBrokerBackend({ store: createMemoryStore as never })).toThrow(
      'option store is a function; expected a LogStore: call the function, or make an instance of the class',
    );
    expect(() => createBrokerBackend({ store, config: 'num.partitions=3' as never })).toThrow('option config is');
  });

  test.each([
    [{ clusterId: '' }, 'option clusterId is ""; it is a string that is not empty'],
    [{ clusterId: 5 }, 'option clusterId is 5; it is a string that is not empty'],
    [{ warn: 'console' }, 'option warn is "console"; it is a function'],
    [{ sessionTimeoutMs: 99 }, 'option sessionTimeoutMs is 99; expected an integer from 100 to'],
    [{ clock: Date.now }, 'option clock is a function; it is an object with the methods of its interface'],
    [{ placement: null }, 'option placement is null; it is an object with the methods of its interface'],
    [{ placement: { ...singleNode(), leaderEpoch: 0 } }, 'option placement.leaderEpoch is 0; expected a method'],
  ])('what else cannot be: %o', (options, message) => {
    expect(() => createBrokerBackend({ store, ...(options as object) })).toThrow(message);
  });

  test('rejects a store that lacks a method, or whose properties have other values', () => {
    const like = (own: object): LogStore => Object.assign(Object.create(store) as LogStore, own);
    expect(() => createBrokerBackend({ store: like({ read: undefined, openShard: undefined }) })).toThrow(
      'option store is an object; expected a LogStore: missing methods are read, openShard',
    );
    expect(() => createBrokerBackend({ store: like({ durability: true }) })).toThrow(
      "option store.durability is true; expected 'none', 'process' or 'power'",
    );
    expect(() => createBrokerBackend({ store: like({ keeps: undefined }) })).toThrow(
      "option store.keeps is undefined; expected 'batches' or 'records'",
    );
    expect(() => createBrokerBackend({ store: like({ retention: true }) })).toThrow(
      "option store.retention is true; expected 'engine', or nothing",
    );
    expect(() => createBrokerBackend({ store: like({ retention: 'engine' }) })).toThrow(
      'option store.retention is "engine"; expected nothing: the store has applyRetention',
    );
    expect(() => createBrokerBackend({ store: like({ compact: true }) })).toThrow(
      'option store.compact is true; expected a method, or nothing where the store lacks it',
    );
    expect(() => createBrokerBackend({ store: like({ name: '' }) })).toThrow(
      'option store.name is ""; it is a string that is not empty',
    );
    expect(() => createBrokerBackend({ store: like({ deleteRecords: undefined }) })).not.toThrow();
  });

  test('configs that ask of the store what it cannot do', () => {
    const poor: LogStore = Object.assign(Object.create(store) as LogStore, {
      compact: undefined,
      applyRetention: undefined,
    });
    expect(() => createBrokerBackend({ store: poor, config: { 'log.cleanup.policy': 'compact' } })).toThrow(
      'log.cleanup.policy=compact: memory does not compact',
    );
    expect(() => createBrokerBackend({ store: poor, config: { 'log.retention.hours': 1 } })).toThrow(
      'log.retention.hours: memory does not apply it',
    );
  });
});

test('a store that drops records by itself is told how long for a topic, and defaults for all are refused', async () => {
  const store: LogStore = Object.assign(Object.create(createMemoryStore()) as LogStore, {
    applyRetention: undefined,
    retention: 'engine',
  });
  expect(() => createBrokerBackend({ store, config: { 'log.retention.ms': 1 } })).toThrow(
    'log.retention.ms: memory does not apply it',
  );
  const broker = await startBroker({ store });
  const client = await broker.connect();
  await createTopic(client, 't', { configs: { 'retention.ms': '1000' } });
  expect(await alter(client, TOPIC, 't', [['retention.bytes', SET, '1000']])).toMatchObject({ errorCode: 0 });
  for (const name of ['', '1']) {
    expect(await alter(client, BROKER, name, [['log.retention.ms', SET, '1000']])).toEqual({
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'log.retention.ms: memory does not apply it',
    });
  }
});
