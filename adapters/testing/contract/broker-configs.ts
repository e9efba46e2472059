import assert from 'node:assert/strict';
import { describeConfigsApi, listConfigResourcesApi, metadataApi } from '../../../src/protocol/index.js';
import { type Bench, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { alter, BROKER, DELETE, describe, SET, TOPIC } from './configs.js';
import { append, batchOf, produce } from './records.js';

/** The name that stands for the configs of all brokers. */
const ALL_BROKERS = '';
/** More than message.max.bytes is where nothing is said. */
const LARGE = 'x'.repeat(1_500_000);

async function brokerId(bench: Bench): Promise<string> {
  const { brokers } = await bench.client.send(metadataApi, { topics: [] });
  return String(brokers[0]?.nodeId);
}

export const brokerConfigCases: readonly CaseDefinition[] = [
  {
    name: 'the configs of the broker are told, those that were set with it',
    needs: ['brokerConfigs'],
    config: { 'num.partitions': 3 },
    async run(bench) {
      const { value } = await describe(bench, BROKER, await brokerId(bench), 'num.partitions');
      assert.equal(value, '3', 'DescribeConfigs of the broker: num.partitions');
    },
  },
  {
    name: 'a config of the broker is set while it runs, holds for topics without their own, and is taken back',
    async run(bench) {
      const topic = await bench.topic();
      for (const broker of [await brokerId(bench), ALL_BROKERS]) {
        const change = (operation: number, value: string | null): Promise<number | undefined> =>
          alter(bench, broker, [['message.max.bytes', operation, value]], { type: BROKER });
        isCode(await change(SET, '2000000'), 'NONE', 'IncrementalAlterConfigs of message.max.bytes');
        await bench.eventually(() => append(bench.client, topic, [LARGE]));
        const { value } = await describe(bench, BROKER, broker, 'message.max.bytes');
        assert.equal(value, '2000000', 'DescribeConfigs: message.max.bytes');
        isCode(await change(DELETE, null), 'NONE', 'taking message.max.bytes back');
        await bench.eventually(async () => {
          const { errorCode } = await produce(bench.client, topic, batchOf([LARGE]));
          isCode(errorCode, 'MESSAGE_TOO_LARGE', 'Produce of more than message.max.bytes');
        });
      }
    },
  },
  {
    name: 'configs of the broker that cannot change while it runs, or with bad values, are refused',
    async run(bench) {
      const broker = await brokerId(bench);
      for (const change of [
        ['num.partitions', SET, '2'],
        ['message.max.bytes', SET, 'many'],
      ] as const) {
        const code = await alter(bench, broker, [change], { type: BROKER });
        isCode(code, 'INVALID_REQUEST', `IncrementalAlterConfigs of ${change[0]}=${change[2]}`);
      }
    },
  },
  {
    name: 'configs of other brokers, and of what has no configs, are refused',
    async run(bench) {
      for (const [resourceType, resourceName] of [
        [BROKER, '4711'],
        [BROKER, 'x'],
        [77, 'x'],
      ] as const) {
        const resources = [{ resourceType, resourceName, configurationKeys: null }];
        const { results } = await bench.client.send(describeConfigsApi, { resources });
        const what = `${String(resourceType)} '${resourceName}'`;
        isCode(results[0]?.errorCode, 'INVALID_REQUEST', `DescribeConfigs of ${what}`);
        const code = await alter(bench, resourceName, [['max.message.bytes', SET, '1000']], { type: resourceType });
        isCode(code, 'INVALID_REQUEST', `IncrementalAlterConfigs of ${what}`);
      }
    },
  },
  {
    name: 'ListConfigResources has topics and brokers, by their types',
    async run(bench) {
      const topic = await bench.topic();
      const broker = await brokerId(bench);
      const list = async (...resourceTypes: number[]): Promise<string[]> => {
        const { errorCode, configResources } = await bench.client.send(listConfigResourcesApi, { resourceTypes });
        isCode(errorCode, 'NONE', 'ListConfigResources');
        return configResources.map(({ resourceType, resourceName }) => `${String(resourceType)} ${resourceName}`);
      };
      const [ofTopic, ofBroker] = [`${String(TOPIC)} ${topic.name}`, `${String(BROKER)} ${broker}`];
      const all = await list();
      for (const each of [ofTopic, ofBroker]) assert(all.includes(each), `ListConfigResources of all lacks ${each}`);
      assert((await list(TOPIC)).includes(ofTopic), 'ListConfigResources of topics lacks one');
      assert.deepEqual(await list(BROKER), [ofBroker], 'ListConfigResources of brokers has something else');
    },
  },
  {
    name: 'ListConfigResources of a type that there is not is refused; version 0 has no types',
    async run(bench) {
      await bench.topic();
      const { errorCode } = await bench.client.send(listConfigResourcesApi, { resourceTypes: [77] });
      isCode(errorCode, 'UNSUPPORTED_VERSION', 'ListConfigResources of type 77');
      const old = await bench.client.send(listConfigResourcesApi, {}, 0);
      isCode(old.errorCode, 'NONE', 'ListConfigResources v0');
      assert.deepEqual(old.configResources, [], 'ListConfigResources v0 has more than client metrics');
    },
  },
];
