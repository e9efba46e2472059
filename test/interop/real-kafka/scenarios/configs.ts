import {
  alterConfigsApi,
  describeConfigsApi,
  incrementalAlterConfigsApi,
  listConfigResourcesApi,
} from 'iggy-gateway-kafka/protocol';
import { APPEND, BROKER, DELETE, SET, SUBTRACT, TOPIC } from '../../../support/admin-requests.js';
import type { Scenario, Side } from '../side.js';
import { setUpTopic } from '../topic-setup.js';

const LOGGER = 8;
const CLIENT_METRICS = 16;
const GROUP = 32;

type Change = readonly [name: string, operation: number, value: string | null];

/** Changes of the configs of topic `changed`, each in a request of its own. */
const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  'a value': [['retention.ms', SET, '5000']],
  'a bad value': [['retention.ms', SET, 'soon']],
  'a null value': [['retention.ms', SET, null]],
  'a config that there is not': [['nope', SET, 'x']],
  'no config': [],
  'a config that there is not, taken back': [['nope', DELETE, null]],
  'a value added': [['cleanup.policy', APPEND, 'compact']],
  'a value added again': [['cleanup.policy', APPEND, 'compact']],
  'a value taken away': [['cleanup.policy', SUBTRACT, 'delete']],
  'a bad value added': [['cleanup.policy', APPEND, 'burn']],
  'a value added to what is no list': [['retention.ms', APPEND, '5']],
  'a value added to what there is not': [['nope', APPEND, '5']],
  'a null value added': [['cleanup.policy', APPEND, null]],
  'a list, taken back': [['cleanup.policy', DELETE, null]],
  'operation 9': [['retention.ms', 9, '5']],
  'a config twice': [
    ['retention.ms', SET, '5'],
    ['retention.ms', SET, '6'],
  ],
  'a good one and a bad one': [
    ['segment.bytes', SET, '2000000'],
    ['max.message.bytes', SET, '-1'],
  ],
  'lags that contradict each other': [
    ['min.compaction.lag.ms', SET, '10'],
    ['max.compaction.lag.ms', SET, '5'],
  ],
  'tiered storage': [['remote.storage.enable', SET, 'true']],
};

/** Changes of the configs of broker 1. */
const BROKER_CHANGES: Readonly<Record<string, readonly Change[]>> = {
  'a value': [['message.max.bytes', SET, '2000000']],
  'a bad value': [['message.max.bytes', SET, 'many']],
  'a config that cannot be changed': [['num.partitions', SET, '2']],
  'a config that cannot be changed, taken back': [['num.partitions', DELETE, null]],
  'a list that is added to': [['log.cleanup.policy', APPEND, 'compact']],
  'a value added to what is no list': [['message.max.bytes', APPEND, '5']],
  'a value added to what there is not': [['nope.nope', APPEND, '5']],
  'operation 9': [['message.max.bytes', 9, '5']],
  'a list, taken back': [['log.cleanup.policy', DELETE, null]],
  'taken back': [['message.max.bytes', DELETE, null]],
  'a config that there is not': [['nope.nope', SET, 'x']],
};

/** Resources, good and bad. */
const RESOURCES: Readonly<Record<string, readonly [type: number, name: string]>> = {
  'no topic': [TOPIC, 'none'],
  'a bad topic': [TOPIC, 'a b'],
  'a topic without a name': [TOPIC, ''],
  'another broker': [BROKER, '2'],
  'a broker that is no number': [BROKER, 'x'],
  'a logger of another broker': [LOGGER, '2'],
  'loggers without a broker': [LOGGER, ''],
  'client metrics without a name': [CLIENT_METRICS, ''],
  'a group without a name': [GROUP, ''],
  'type 0': [0, 'x'],
  'type 77': [77, 'x'],
};

const describe = (
  side: Side,
  what: string,
  [resourceType, resourceName]: readonly [number, string],
  configurationKeys: readonly string[] | null,
  { version = 4, ...rest }: { version?: number; includeSynonyms?: boolean; includeDocumentation?: boolean } = {},
) =>
  side.ask(what, describeConfigsApi, version, {
    resources: [{ resourceType, resourceName, configurationKeys }],
    ...rest,
  });

export const describeConfigsScenario: Scenario = {
  area: 'DescribeConfigs',
  async run(side) {
    await setUpTopic(side, 'configured', { configs: { 'retention.ms': '1000', 'cleanup.policy': 'compact' } });
    for (const version of [1, 2, 3, 4]) {
      await describe(side, 'a topic', [TOPIC, 'configured'], null, { version });
      await describe(side, 'a topic with synonyms', [TOPIC, 'configured'], null, { version, includeSynonyms: true });
    }
    await describe(side, 'some configs', [TOPIC, 'configured'], ['retention.ms', 'no.such', 'flush.ms']);
    await describe(side, 'no configs', [TOPIC, 'configured'], []);
    for (const [what, resource] of Object.entries(RESOURCES)) await describe(side, what, resource, null);
    const names = [
      'num.partitions',
      'message.max.bytes',
      'log.cleanup.policy',
      'log.retention.hours',
      'log.retention.ms',
      'log.segment.bytes',
      'auto.create.topics.enable',
      'group.max.size',
      'node.id',
      'broker.rack',
    ];
    for (const includeSynonyms of [false, true]) {
      const how = includeSynonyms ? 'with synonyms' : 'without synonyms';
      await describe(side, `a broker ${how}`, [BROKER, '1'], names, { includeSynonyms });
      await describe(side, `all brokers ${how}`, [BROKER, ''], null, { includeSynonyms });
    }
    const twice = { resourceType: TOPIC, resourceName: 'configured', configurationKeys: ['retention.ms'] };
    await side.ask('a topic twice', describeConfigsApi, 4, { resources: [twice, twice] });
    await side.ask('nothing', describeConfigsApi, 4, { resources: [] });
  },
};

export const alterConfigsScenario: Scenario = {
  area: 'configs are altered',
  async run(side) {
    await setUpTopic(side, 'changed');
    const incremental = (
      what: string,
      resources: readonly (readonly [type: number, name: string, changes: readonly Change[]])[],
      { version = 1, validateOnly = false } = {},
    ) =>
      side.ask(what, incrementalAlterConfigsApi, version, {
        resources: resources.map(([resourceType, resourceName, changes]) => ({
          resourceType,
          resourceName,
          configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value })),
        })),
        validateOnly,
      });
    const good = ['retention.ms', SET, '5000'] as const;
    for (const [what, changes] of Object.entries(CHANGES)) {
      await incremental(`topic: ${what}`, [[TOPIC, 'changed', changes]]);
    }
    for (const [what, changes] of Object.entries(BROKER_CHANGES)) {
      await incremental(`broker: ${what}`, [[BROKER, '1', changes]]);
      await incremental(`all brokers: ${what}`, [[BROKER, '', changes]], { version: 0 });
    }
    for (const [what, [type, name]] of Object.entries(RESOURCES)) {
      await incremental(what, [[type, name, [good]]]);
      await incremental(`${what}, a bad value`, [[type, name, [['retention.ms', SET, 'soon']]]]);
    }
    await incremental('a topic twice', [
      [TOPIC, 'changed', [good]],
      [TOPIC, 'changed', [good]],
    ]);
    await incremental('validated only', [[TOPIC, 'changed', [['retention.ms', SET, '9']]]], { validateOnly: true });
    await incremental('a bad value, validated only', [[TOPIC, 'changed', [['retention.ms', SET, 'x']]]], {
      validateOnly: true,
    });
    await incremental('a good and a bad resource', [
      [TOPIC, 'changed', [['flush.ms', SET, '77']]],
      [TOPIC, 'none', [good]],
    ]);
    await side.until(async () => (await valueOf(side, 'flush.ms')) === '77');
    await describe(side, 'after the changes', [TOPIC, 'changed'], null);

    const replace = (
      what: string,
      [resourceType, resourceName]: readonly [number, string],
      configs: Readonly<Record<string, string | null>>,
      version = 2,
    ) =>
      side.ask(what, alterConfigsApi, version, {
        resources: [
          { resourceType, resourceName, configs: Object.entries(configs).map(([name, value]) => ({ name, value })) },
        ],
        validateOnly: false,
      });
    const topic = [TOPIC, 'changed'] as const;
    for (const version of [0, 1, 2]) {
      await replace('all configs', topic, { 'retention.bytes': String(100 + version) }, version);
      await replace('a bad value', topic, { 'retention.bytes': 'x' }, version);
    }
    await replace('a null value', topic, { 'retention.bytes': null });
    await replace('a config that there is not', topic, { nope: '1' });
    for (const [what, resource] of Object.entries(RESOURCES)) await replace(what, resource, { 'retention.ms': '5' });
    await replace('a broker, nothing', [BROKER, '1'], {});
    await replace('a broker, what cannot be changed', [BROKER, '1'], { 'num.partitions': '5' });
    await side.until(async () => (await valueOf(side, 'retention.bytes')) === '102');
    await describe(side, 'after they were replaced', topic, null);

    await side.ask('version 0', listConfigResourcesApi, 0, {});
    for (const types of [
      [BROKER],
      [LOGGER],
      [CLIENT_METRICS],
      [GROUP],
      [1],
      [77],
      [BROKER, BROKER],
      [BROKER, LOGGER],
    ]) {
      await side.ask(`types ${types.join(', ')}`, listConfigResourcesApi, 1, { resourceTypes: types });
    }
  },
};

async function valueOf(side: Side, name: string): Promise<string | null | undefined> {
  const resources = [{ resourceType: TOPIC, resourceName: 'changed', configurationKeys: [name] }];
  return (await side.send(describeConfigsApi, 4, { resources })).results[0]?.configs[0]?.value;
}
