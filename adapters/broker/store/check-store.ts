import { OptionError } from '../../../src/contract/index.js';
import type { LogStore } from './log-store.js';

const STORE_METHODS = [
  'listTopics',
  'createTopic',
  'createPartitions',
  'alterTopicConfigs',
  'deleteTopic',
  'append',
  'read',
  'logOffsets',
  'openShard',
] as const satisfies readonly (keyof LogStore)[];

const OPTIONAL_STORE_METHODS = [
  'open',
  'close',
  'watchTopics',
  'offsetForTimestamp',
  'maxTimestamp',
  'replayProducers',
  'deleteRecords',
  'applyRetention',
  'compact',
  'watchTruncation',
  'watch',
  'claim',
  'followShard',
] as const satisfies readonly (keyof LogStore)[];

const DURABILITIES: readonly unknown[] = ['none', 'process', 'power'];
const KEEPS: readonly unknown[] = ['batches', 'records'];

/** Checks the methods and properties of a {@link LogStore} when a broker is created. @throws OptionError */
export function checkStore(store: LogStore): void {
  const lacks = (method: keyof LogStore): boolean => typeof store[method] !== 'function';
  if (typeof store === 'function') {
    const expected = 'expected a LogStore: call the function, or make an instance of the class';
    throw new OptionError('store', store, expected);
  }
  if (typeof store !== 'object' || (store as unknown) === null)
    throw new OptionError('store', store, 'it is a LogStore');
  const missing = STORE_METHODS.filter(lacks);
  if (missing.length > 0) {
    const { metadata } = store as { readonly metadata?: unknown };
    if (typeof metadata === 'function') {
      throw new OptionError('store', store, 'expected a LogStore: a Backend goes to createKafkaGateway({ backend })');
    }
    throw new OptionError('store', store, `expected a LogStore: missing methods are ${missing.join(', ')}`);
  }
  for (const method of OPTIONAL_STORE_METHODS) {
    const value: unknown = Reflect.get(store, method);
    if (value === undefined || typeof value === 'function') continue;
    throw new OptionError(`store.${method}`, value, 'expected a method, or nothing where the store lacks it');
  }
  if (!DURABILITIES.includes(store.durability)) {
    throw new OptionError('store.durability', store.durability, "expected 'none', 'process' or 'power'");
  }
  if (!KEEPS.includes(store.keeps)) {
    throw new OptionError('store.keeps', store.keeps, "expected 'batches' or 'records'");
  }
  const { retention } = store;
  if (retention !== undefined && (retention as unknown) !== 'engine') {
    throw new OptionError('store.retention', retention, "expected 'engine', or nothing");
  }
  if (retention === 'engine' && store.applyRetention !== undefined) {
    throw new OptionError('store.retention', retention, 'expected nothing: the store has applyRetention');
  }
  if (typeof store.name !== 'string' || store.name === '') {
    throw new OptionError('store.name', store.name, 'it is a string that is not empty');
  }
}
