// A fake: the server that this repository is tested with has no offsets of external groups, which Iggy has from the builds on
// that the newest Rust gateway needs. What it answers is as that gateway's page on offsets says; see docs/guides/iggy.md.
import { createIggyBackend, type IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { offsetCommitApi, offsetFetchApi } from 'iggy-gateway-kafka/protocol';
import { startBroker, type TestBroker } from 'iggy-gateway-kafka/testing';
import { expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../../../src/wire-client/index.js';
import { EntryKind } from '../../../../adapters/iggy/state/state-entry.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';

const STREAM = 'kafka';

/** What the Rust gateway committed, by `topic/partition/group`. */
type Committed = Readonly<Record<string, bigint>>;

function connect(iggy: StandIn, committed: Committed): IggyClient {
  const client = iggy.connect();
  const get: IggyClient['offset']['get'] = async (args) => {
    if ((args.consumer.kind as number) !== 3) return client.offset.get(args);
    const group = String(args.consumer.id).replace('kafka.cg.', '');
    const storedOffset = committed[`${args.topicId}/${args.partitionId}/${group}`];
    return storedOffset === undefined ? null : { partitionId: args.partitionId, currentOffset: 0n, storedOffset };
  };
  return { ...client, offset: { ...client.offset, get } };
}

async function start(iggy: StandIn, committed: Committed): Promise<{ broker: TestBroker; warnings: string[] }> {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const options = { connect: () => connect(iggy, committed), stream: STREAM, importOffsets: ['readers'], warn };
  const broker = await startBroker({ backend: () => createIggyBackend(options) });
  onTestFinished(() => broker.close());
  return { broker, warnings };
}

async function standIn(): Promise<StandIn> {
  const iggy = createStandIn();
  const client = iggy.connect();
  await client.stream.create({ name: STREAM });
  await client.topic.create({ streamId: STREAM, name: 'orders', partitionCount: 3, compressionAlgorithm: 1 });
  return iggy;
}

async function offsets(broker: TestBroker): Promise<bigint[]> {
  const client = await WireClient.connect(broker.bootstrap);
  const topics = [{ name: 'orders', partitionIndexes: [0, 1, 2] }];
  const { topics: answers } = await client.send(offsetFetchApi, { groupId: 'readers', topics }, 5);
  await client.close();
  return answers[0]?.partitions.map(({ committedOffset }) => committedOffset) ?? [];
}

async function commit(broker: TestBroker, partitionIndex: number, committedOffset: bigint): Promise<void> {
  const client = await WireClient.connect(broker.bootstrap);
  const topics = [{ name: 'orders', partitions: [{ partitionIndex, committedOffset, committedMetadata: '' }] }];
  const request = { groupId: 'readers', generationIdOrMemberEpoch: -1, memberId: '', topics };
  const answer = await client.send(offsetCommitApi, request, 7);
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
  await client.close();
}

test('groups go on where the Rust gateway left them: at an empty partition and at the end as well', async () => {
  const iggy = await standIn();
  const { broker, warnings } = await start(iggy, {
    'orders/0/readers': 0n,
    'orders/2/readers': 7n,
    'orders/1/others': 5n,
  });
  expect(await offsets(broker)).toEqual([0n, -1n, 7n]);
  expect(warnings).toEqual([]);
});

test('they are taken over once: what is committed here stands, also after a restart', async () => {
  const iggy = await standIn();
  const first = await start(iggy, { 'orders/0/readers': 3n });
  await commit(first.broker, 0, 4n);
  await first.broker.close();
  const second = await start(iggy, { 'orders/0/readers': 9n, 'orders/1/readers': 9n });
  expect(await offsets(second.broker)).toEqual([4n, -1n, -1n]);
});

test('a partition that has an offset here keeps it', async () => {
  const iggy = await standIn();
  const first = await start(iggy, {});
  await commit(first.broker, 0, 4n);
  await first.broker.close();
  const second = await start(iggy, { 'orders/0/readers': 9n, 'orders/1/readers': 9n });
  expect(await offsets(second.broker)).toEqual([4n, 9n, -1n]);
});

test('the operator is told when there is nothing to take over', async () => {
  const { warnings } = await start(await standIn(), {});
  expect(warnings).toEqual([
    "Iggy: the group 'readers' has no offsets of Iggy's Kafka gateway, or the server does not show them",
  ]);
});

test('a start that fails between two partitions has put nothing yet, which would fail with nobody there', async () => {
  const iggy = await standIn();
  await (await start(iggy, {})).broker.close();
  let puts = 0;
  const failing = (): IggyClient => {
    const client = connect(iggy, { 'orders/0/readers': 3n });
    const send: IggyClient['message']['send'] = (args) => {
      puts += args.messages.filter(({ payload }) => payload[1] === EntryKind.PUT).length;
      return client.message.send(args);
    };
    const get: IggyClient['offset']['get'] = async (args) => {
      if (args.partitionId === 0) return client.offset.get(args);
      iggy.fault = (name) => (name === 'message.send' ? 'before' : undefined);
      puts = 0;
      await iggy.connect().system.ping();
      await iggy.connect().system.ping();
      throw new Error('whatever fails');
    };
    return { ...client, message: { ...client.message, send }, offset: { ...client.offset, get } };
  };
  const options = { connect: failing, stream: STREAM, importOffsets: ['readers'] };
  const starting = startBroker({ backend: () => createIggyBackend({ ...options, warn: () => undefined }) });
  await expect(starting).rejects.toThrow("offsets of the group 'readers' cannot be read");
  expect(puts).toBe(0);
});

test('offsets that cannot be asked for keep the gateway from starting: groups would begin anew', async () => {
  const iggy = await standIn();
  iggy.fault = (name) => {
    if (name === 'offset.get') iggy.letsIn = false;
    return undefined;
  };
  const options = { connect: () => iggy.connect(), stream: STREAM, importOffsets: ['readers'] };
  const starting = startBroker({ backend: () => createIggyBackend(options) });
  await expect(starting).rejects.toThrow("offsets of the group 'readers' cannot be read");
});
