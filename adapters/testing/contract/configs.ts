import assert from 'node:assert/strict';
import {
  alterConfigsApi,
  describeConfigsApi,
  type DescribeConfigsResponseDescribeConfigsResourceResult,
  incrementalAlterConfigsApi,
} from '../../../src/protocol/index.js';
import { type Bench, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append, batchOf, produce } from './records.js';

export const TOPIC = 2;
export const BROKER = 4;
// Where a value comes from, as DescribeConfigs says it.
const OF_TOPIC = 1;
const DEFAULT = 5;
// What IncrementalAlterConfigs does with a config.
export const SET = 0;
export const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

type Described = DescribeConfigsResponseDescribeConfigsResourceResult;

export async function describe(bench: Bench, type: number, name: string, key: string): Promise<Described> {
  const resources = [{ resourceType: type, resourceName: name, configurationKeys: [key] }];
  const { results } = await bench.client.send(describeConfigsApi, { resources });
  isCode(results[0]?.errorCode, 'NONE', `DescribeConfigs of ${name}`);
  const config = results[0]?.configs[0];
  assert(config !== undefined, `DescribeConfigs of ${name} lacks ${key}`);
  return config;
}

/** Waits until a config of a topic has a value. */
async function becomes(bench: Bench, topic: string, key: string, value: string): Promise<Described> {
  return bench.eventually(async () => {
    const config = await describe(bench, TOPIC, topic, key);
    assert.equal(config.value, value, `${key} has another value`);
    return config;
  });
}

/** Alters configs, of a topic where nothing else is said, and gives the error code. */
export async function alter(
  bench: Bench,
  resourceName: string,
  configs: readonly (readonly [name: string, operation: number, value: string | null])[],
  { validateOnly = false, type = TOPIC }: { readonly validateOnly?: boolean; readonly type?: number } = {},
): Promise<number | undefined> {
  const resource = {
    resourceType: type,
    resourceName,
    configs: configs.map(([name, configOperation, value]) => ({ name, configOperation, value })),
  };
  const request = { resources: [resource], validateOnly };
  return (await bench.client.send(incrementalAlterConfigsApi, request)).responses[0]?.errorCode;
}

/** Replaces all configs of a topic, and gives the error code. */
async function replace(
  bench: Bench,
  topic: string,
  configs: Readonly<Record<string, string | null>>,
): Promise<number | undefined> {
  const resource = {
    resourceType: TOPIC,
    resourceName: topic,
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  };
  const { responses } = await bench.client.send(alterConfigsApi, { resources: [resource], validateOnly: false });
  return responses[0]?.errorCode;
}

export const configCases: readonly CaseDefinition[] = [
  {
    name: 'a topic has the configs it was created with, and defaults for the rest',
    async run(bench) {
      const { name } = await bench.topic({ configs: { 'max.message.bytes': '12345' } });
      for (const version of bench.client.versions(describeConfigsApi)) {
        const resources = [{ resourceType: TOPIC, resourceName: name, configurationKeys: null }];
        const { results } = await bench.client.send(describeConfigsApi, { resources }, version);
        const what = `DescribeConfigs v${String(version)}`;
        isCode(results[0]?.errorCode, 'NONE', what);
        const found = new Map(results[0]?.configs.map((config) => [config.name, config]));
        const own = found.get('max.message.bytes');
        assert.deepEqual([own?.value, own?.configSource], ['12345', OF_TOPIC], `${what}: max.message.bytes`);
        const other = found.get('cleanup.policy');
        assert.deepEqual([other?.value, other?.configSource], ['delete', DEFAULT], `${what}: cleanup.policy`);
      }
    },
  },
  {
    name: 'configs of topics that nobody has are unknown',
    async run(bench) {
      const resources = [{ resourceType: TOPIC, resourceName: bench.name('none'), configurationKeys: null }];
      const { results } = await bench.client.send(describeConfigsApi, { resources });
      isCode(results[0]?.errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'DescribeConfigs of no topic');
      const code = await alter(bench, bench.name('none'), [['max.message.bytes', SET, '1000']]);
      isCode(code, 'UNKNOWN_TOPIC_OR_PARTITION', 'IncrementalAlterConfigs of no topic');
    },
  },
  {
    name: 'a config is set, holds from then on, and is taken back',
    async run(bench) {
      const topic = await bench.topic();
      isCode(await alter(bench, topic.name, [['max.message.bytes', SET, '500']]), 'NONE', 'IncrementalAlterConfigs');
      const set = await becomes(bench, topic.name, 'max.message.bytes', '500');
      assert.equal(set.configSource, OF_TOPIC, 'the config that was set is not the own of the topic');
      await bench.eventually(async () => {
        const { errorCode } = await produce(bench.client, topic, batchOf(['x'.repeat(1000)]));
        isCode(errorCode, 'MESSAGE_TOO_LARGE', 'Produce of more than max.message.bytes');
      });
      isCode(await alter(bench, topic.name, [['max.message.bytes', DELETE, null]]), 'NONE', 'taking the config back');
      await bench.eventually(async () => {
        await append(bench.client, topic, ['x'.repeat(1000)]);
      });
      const back = await describe(bench, TOPIC, topic.name, 'max.message.bytes');
      assert.notEqual(back.configSource, OF_TOPIC, 'the config that was taken back is still the own of the topic');
    },
  },
  {
    name: 'values are added to a list and taken from it',
    needs: ['compaction'],
    async run(bench) {
      const { name } = await bench.topic();
      isCode(await alter(bench, name, [['cleanup.policy', APPEND, 'compact']]), 'NONE', 'appending to cleanup.policy');
      await bench.eventually(async () => {
        const { value } = await describe(bench, TOPIC, name, 'cleanup.policy');
        assert.deepEqual(value?.split(',').sort(), ['compact', 'delete']);
      });
      isCode(await alter(bench, name, [['cleanup.policy', SUBTRACT, 'delete']]), 'NONE', 'taking from cleanup.policy');
      await becomes(bench, name, 'cleanup.policy', 'compact');
    },
  },
  {
    name: 'a bad change is refused as a whole, and changes nothing',
    async run(bench) {
      const { name } = await bench.topic();
      for (const bad of [
        ['no.such.config', SET, '1'],
        ['retention.ms', SET, 'soon'],
        ['max.message.bytes', APPEND, '1'],
      ] as const) {
        const code = await alter(bench, name, [['segment.bytes', SET, '2000000'], bad]);
        isCode(code, 'INVALID_CONFIG', `IncrementalAlterConfigs of ${bad[0]}=${bad[2]}`);
      }
      const twice = await alter(bench, name, [
        ['retention.ms', SET, '1000'],
        ['retention.ms', SET, '2000'],
      ]);
      isCode(twice, 'INVALID_REQUEST', 'IncrementalAlterConfigs of a config twice');
      const { configSource } = await describe(bench, TOPIC, name, 'segment.bytes');
      assert.notEqual(configSource, OF_TOPIC, 'a part of a refused change was made');
    },
  },
  {
    name: 'with validateOnly nothing changes',
    async run(bench) {
      const { name } = await bench.topic();
      isCode(
        await alter(bench, name, [['max.message.bytes', SET, '77']], { validateOnly: true }),
        'NONE',
        'IncrementalAlterConfigs',
      );
      assert.notEqual((await describe(bench, TOPIC, name, 'max.message.bytes')).value, '77', 'the config was set');
    },
  },
  {
    name: 'AlterConfigs replaces all configs of a topic',
    async run(bench) {
      const { name } = await bench.topic({ configs: { 'max.message.bytes': '4321' } });
      isCode(await replace(bench, name, { 'min.insync.replicas': '1' }), 'NONE', 'AlterConfigs');
      await bench.eventually(async () => {
        const { configSource } = await describe(bench, TOPIC, name, 'max.message.bytes');
        assert.notEqual(configSource, OF_TOPIC, 'a config that was not named is still there');
      });
    },
  },
  {
    name: 'AlterConfigs with a bad config changes nothing',
    async run(bench) {
      const { name } = await bench.topic({ configs: { 'max.message.bytes': '4321' } });
      for (const configs of [{ 'no.such.config': '1' }, { 'retention.ms': 'soon' }, { 'retention.ms': null }]) {
        const code = await replace(bench, name, configs);
        const expected =
          'retention.ms' in configs && configs['retention.ms'] === null ? 'INVALID_REQUEST' : 'INVALID_CONFIG';
        isCode(code, expected, `AlterConfigs to ${JSON.stringify(configs)}`);
      }
      const none = await replace(bench, bench.name('none'), { 'max.message.bytes': '1000' });
      isCode(none, 'UNKNOWN_TOPIC_OR_PARTITION', 'AlterConfigs of no topic');
      await becomes(bench, name, 'max.message.bytes', '4321');
    },
  },
  {
    name: 'DescribeConfigs leaves out names that there are not, and gives synonyms and texts where they are wanted',
    async run(bench) {
      const { name } = await bench.topic();
      const resources = [
        { resourceType: TOPIC, resourceName: name, configurationKeys: ['max.message.bytes', 'no.such.config'] },
      ];
      for (const wanted of [true, false]) {
        const request = { resources, includeSynonyms: wanted, includeDocumentation: wanted };
        const { results } = await bench.client.send(describeConfigsApi, request);
        isCode(results[0]?.errorCode, 'NONE', 'DescribeConfigs');
        const configs = results[0]?.configs ?? [];
        assert.deepEqual(
          configs.map((config) => config.name),
          ['max.message.bytes'],
          'DescribeConfigs has other configs than were asked for',
        );
        const [config] = configs;
        assert.equal((config?.synonyms.length ?? 0) > 0, wanted, 'DescribeConfigs: synonyms');
        assert.equal((config?.documentation ?? '') !== '', wanted, 'DescribeConfigs: documentation');
      }
    },
  },
];
