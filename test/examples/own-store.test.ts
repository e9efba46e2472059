import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { defineContract, defineStateContract, startBroker } from 'iggy-gateway-kafka/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileStore } from '../../examples/own-store.js';

// The store of the example keeps the whole contract, but for what it says it cannot.

let folder = '';
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-store-'));
});

afterAll(() => rm(folder, { recursive: true }));

defineContract(
  { describe, test },
  {
    start: ({ config, groups }) => {
      const path = join(folder, String(++files));
      return startBroker({ backend: () => createBrokerBackend({ store: createFileStore(path), config, groups }) });
    },
    capabilities: { deleteRecords: false, retention: false, compaction: false, transactions: false },
  },
);

defineStateContract(
  { describe, test },
  {
    start: () => {
      const path = join(folder, String(++files));
      return { createStore: () => createFileStore(path) };
    },
    capabilities: { shared: false, shards: false, followShard: false },
  },
);

test('the guide shows the class of the example as it is, in 150 lines', async () => {
  const example = await readFile(new URL('../../examples/own-store.ts', import.meta.url), 'utf8');
  const [source] = /^class FileStore .*?^}$/ms.exec(example) ?? [''];
  expect(source.split('\n').length).toBeLessThanOrEqual(150);
  expect(await readFile(new URL('../../docs/guides/writing-a-store.md', import.meta.url), 'utf8')).toContain(source);
});

test('opens again with the same content, also behind a change that was cut off', async () => {
  const path = join(folder, 'again');
  const store = createFileStore(path);
  const { signal } = new AbortController();
  const open = async (): Promise<readonly unknown[]> => {
    await store.open?.(signal);
    const topics = await store.listTopics(signal);
    await store.close?.(signal);
    return topics;
  };
  await open();
  await store.open?.(signal);
  const topic = { id: 'an-id', name: 't', partitionCount: 1, configs: {} };
  await store.createTopic(topic, signal);
  await store.close?.(signal);
  await appendFile(path, Buffer.from([0, 0, 0, 9, 0, 0, 0, 0, 123]));
  expect(await open()).toEqual([topic]);
  expect(await open()).toEqual([topic]);
});
