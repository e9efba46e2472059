import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore, type MemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import {
  describeGroupsApi,
  initProducerIdApi,
  joinGroupApi,
  metadataApi,
  offsetCommitApi,
  offsetFetchApi,
  syncGroupApi,
} from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import { alter, BROKER, createTopic, describeConfig, SET } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, produce } from '../support/log-requests.js';
import { readState, writeState } from '../support/stored-state.js';
import { TurnedClock } from '../support/turned-clock.js';
import type { WireClient } from '../support/wire-client.js';
import manifest from '../../package.json' with { type: 'json' };

// State that each release has stored, read with the code of today. `STATE_FIXTURE=write` adds that of a new release.

interface Fixture {
  readonly clusterId: string;
  readonly topicId: string;
  readonly producerId: number;
  /** Keys, and values in base64. */
  readonly state: readonly (readonly [key: string, value: string])[];
}

const FOLDER = new URL('../../fixtures/state/', import.meta.url);
const releases = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
const FAR = 1_800_000;

async function storeEverything(client: WireClient): Promise<{ readonly topicId: string; readonly producerId: number }> {
  const topicId = await createTopic(client, 'orders');
  await alter(client, BROKER, '', [['log.retention.ms', SET, '777000']]);
  const given = await client.send(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1 });
  const producerId = Number(given.response.producerId);
  await produce(
    client,
    'orders',
    batchOf(['first'], { producerId, producerEpoch: 0, baseSequence: 0 }, { timestamp: 1_700_000_000_000 }),
  );
  const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: 'note' }];
  const generationIdOrMemberEpoch = -1;
  const topics = [{ name: 'orders', partitions }];
  await client.send(offsetCommitApi, 8, { groupId: 'readers', memberId: '', generationIdOrMemberEpoch, topics });
  const member = { groupId: 'members', sessionTimeoutMs: FAR, rebalanceTimeoutMs: FAR, protocolType: 'consumer' };
  const protocols = [{ name: 'range', metadata: Buffer.from('subscription') }];
  const joined = await client.send(joinGroupApi, 3, { ...member, memberId: '', protocols });
  const { memberId, generationId } = joined.response;
  const assignments = [{ memberId, assignment: Buffer.from('assignment') }];
  await client.send(syncGroupApi, 3, { groupId: 'members', generationId, memberId, assignments });
  return { topicId, producerId };
}

async function written(): Promise<Fixture> {
  const store = createMemoryStore();
  const { connect, gateway } = await startBroker({
    store,
    clock: new TurnedClock(),
    config: { 'group.initial.rebalance.delay.ms': 0 },
  });
  const client = await connect();
  const stored = await storeEverything(client);
  const { clusterId } = (await client.send(metadataApi, 9, { topics: [] })).response;
  await gateway.close();
  const state = Array.from(
    await readState(store),
    ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
  );
  return { clusterId: clusterId!, ...stored, state };
}

/** A store that holds the state of a release, and its topic without the records. */
async function storeOf({ topicId, state }: Fixture): Promise<MemoryStore> {
  const store = createMemoryStore();
  store.createTopic({ id: topicId, name: 'orders', partitionCount: 1, configs: {} });
  await writeState(
    store,
    state.map(([key, value]) => [key, Buffer.from(value, 'base64')]),
  );
  return store;
}

test('the state of this release is among the fixtures', async () => {
  if (process.env['STATE_FIXTURE'] === 'write') {
    writeFileSync(new URL(`${manifest.version}.json`, FOLDER), `${JSON.stringify(await written(), null, 2)}\n`);
  }
  expect(readdirSync(FOLDER)).toContain(`${manifest.version}.json`);
});

test.each(releases)('reads the state that a release has stored: %s', async (file) => {
  const fixture = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Fixture;
  // Offsets and sessions do not expire while time stands still.
  const { connect } = await startBroker({ store: await storeOf(fixture), clock: new TurnedClock() });
  const client = await connect();
  const metadata = (await client.send(metadataApi, 9, { topics: [] })).response;
  expect(metadata.clusterId).toBe(fixture.clusterId);
  const topics = [{ name: 'orders', partitionIndexes: [0] }];
  const fetched = (await client.send(offsetFetchApi, 7, { groupId: 'readers', topics })).response;
  expect(fetched.topics[0]!.partitions[0]).toMatchObject({ committedOffset: 1n, metadata: 'note', errorCode: 0 });
  const [group] = (await client.send(describeGroupsApi, 5, { groups: ['members'] })).response.groups;
  expect(group).toMatchObject({ groupState: 'Stable', protocolType: 'consumer', protocolData: 'range' });
  expect(group!.members[0]!.memberAssignment.toString()).toBe('assignment');
  expect(await describeConfig(client, BROKER, '', 'log.retention.ms')).toMatchObject({ value: '777000' });
  const given = await client.send(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1 });
  expect(Number(given.response.producerId)).toBeGreaterThan(fixture.producerId);
});

test('refuses the state of a newer format, with the release that reads it', async () => {
  const store = createMemoryStore();
  await writeState(store, [['format', Buffer.from('{"version":2,"release":"0.9.0"}')]]);
  const expected = 'the stored state has format 2; expected format 1 or lower; use release 0.9.0 or later';
  await expect(startBroker({ store })).rejects.toThrow(new StoreError('INVALID', `broker: ${expected}`));
  await writeState(store, [['format', Buffer.from('{"version":1,"release":"0.1.0"}')]]);
  await startBroker({ store });
});
