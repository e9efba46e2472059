import {
  deleteRecordsApi,
  deleteTopicsApi,
  fetchApi,
  type FetchRequestInit,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { append, batch, fetchOf, from, produceTo } from '../records.js';
import { NOBODYS_ID, type Scenario, type Side } from '../side.js';
import { gone, setUpTopic } from '../topic-setup.js';

export const fetchScenario: Scenario = {
  area: 'Fetch',
  async run(side) {
    const topicId = side.call(await setUpTopic(side, 'log', { numPartitions: 3 }), 'the id');
    for (const value of ['a', 'b', 'c'])
      await append(side, 'log', batch([`${value}1`, `${value}2`, value.repeat(100)]));
    await append(side, 'log', batch(['x', 'y']), 1);
    const topic = { topic: 'log' };
    const fetch = (
      what: string,
      partitions: Parameters<typeof fetchOf>[1],
      rest: Partial<FetchRequestInit> = {},
      version = 12,
    ) => side.ask(what, fetchApi, version, fetchOf(version < 13 ? topic : { topicId }, partitions, rest));

    for (let version = 4; version <= 18; version++) await fetch('everything', [from(0), from(1), from(2)], {}, version);
    for (const version of [4, 12, 18]) {
      await fetch('an offset within a batch', [from(0, 4)], {}, version);
      await fetch('the end', [from(0, 9)], {}, version);
      await fetch('beyond the end', [from(0, 10)], {}, version);
      await fetch('offset -1', [from(0, -1)], {}, version);
      await fetch('a partition that is not there', [from(3)], {}, version);
      await fetch('partition -1', [from(-1)], {}, version);
      await fetch('a partition twice', [from(0, 3), from(0, 6)], {}, version);
    }
    for (const version of [4, 12]) {
      for (const name of ['none', 'a b', '']) {
        await side.ask(`topic '${name}'`, fetchApi, version, fetchOf({ topic: name }, [from(0)]));
      }
    }
    await side.ask('an id that nobody has', fetchApi, 18, fetchOf({ topicId: NOBODYS_ID }, [from(0)]));
    await side.ask('no id', fetchApi, 18, fetchOf({}, [from(0)]));
    for (const currentLeaderEpoch of [-1, 0, 1, -2]) {
      await fetch(`leader epoch ${currentLeaderEpoch}`, [from(0, 0, { currentLeaderEpoch })]);
    }
    for (const lastFetchedEpoch of [0, 1, -2]) {
      await fetch(`last fetched epoch ${lastFetchedEpoch}`, [from(0, 3, { lastFetchedEpoch })]);
      await fetch(`last fetched epoch ${lastFetchedEpoch}, beyond the end`, [from(0, 30, { lastFetchedEpoch })]);
    }
    for (const partitionMaxBytes of [-1, 0, 1, 200, 300, 400]) {
      await fetch(`at most ${partitionMaxBytes} bytes of a partition`, [from(0, 0, { partitionMaxBytes })]);
    }
    for (const maxBytes of [-1, 0, 1, 300]) {
      await fetch(`at most ${maxBytes} bytes`, [from(0), from(1), from(2)], { maxBytes });
    }
    await fetch('minBytes of 0', [from(2)], { minBytes: 0, maxWaitMs: 1000 });
    await fetch('minBytes of -1', [from(2)], { minBytes: -1, maxWaitMs: 1000 });
    await fetch('a wait of 100 ms', [from(2)], { maxWaitMs: 100 });
    await fetch('a wait of -1 ms', [from(2)], { maxWaitMs: -1 });
    await fetch('a wait, and one out of range', [from(2), from(0, 99)], { maxWaitMs: 60_000 });
    const forever = fetchOf(topic, [from(2), from(9)], { maxWaitMs: 60_000 });
    await side.ask('a wait for what does not come, and one that is not there', fetchApi, 12, forever, {
      patienceMs: 1000,
    });
    await fetch('isolation level 1', [from(0)], { isolationLevel: 1 });
    await fetch('isolation level 2', [from(0)], { isolationLevel: 2 });
    await side.ask('nothing', fetchApi, 12, { maxWaitMs: 0, minBytes: 1, maxBytes: 1000, topics: [] });
    await setUpTopic(side, 'zstd', { configs: { 'compression.type': 'zstd' } });
    for (const version of [4, 9, 10]) {
      await side.ask('a topic that compresses by zstd', fetchApi, version, fetchOf({ topic: 'zstd' }, [from(0)]));
    }
    await fetch('as a replica that there is not', [from(0)], { replicaId: 5 });
    await fetch('as the broker itself', [from(0)], { replicaId: 1 });
    const waiting = fetch('a wait that an append ends', [from(2)], { maxWaitMs: 60_000 }, 11);
    await side.send(produceApi, 9, produceTo({ name: 'log' }, batch(['woken']), { partition: 2 }), { on: 'other' });
    await waiting;
    const partitions = [{ partitionIndex: 0, offset: 4n }];
    await side.send(deleteRecordsApi, 2, { topics: [{ name: 'log', partitions }], timeoutMs: 2000 });
    await fetch('what was deleted', [from(0, 0)]);
    await fetch('what was kept', [from(0, 4)]);
    await fetch('what the client knows of the start', [from(0, 4, { logStartOffset: 2n })]);
  },
};

/** Session and epoch of a request. */
const NEW = [0, 0] as const;
const NONE = [0, -1] as const;

export const sessionScenario: Scenario = {
  area: 'fetch sessions',
  async run(side) {
    const topicId = side.call(await setUpTopic(side, 'session', { numPartitions: 3 }), 'the id');
    const short = await setUpTopic(side, 'short-lived');
    for (const [version, key] of [
      [7, { topic: 'session' }],
      [12, { topic: 'session' }],
      [18, { topicId }],
    ] as const) {
      await session(side, version, key);
    }
    // A topic that goes while a session has it.
    const request = fetchOf({ topicId: short }, [from(0)], { sessionEpoch: 0 });
    const opened = await side.ask('a topic that will go', fetchApi, 18, request);
    await side.send(deleteTopicsApi, 5, { topicNames: ['short-lived'], timeoutMs: 2000 });
    await gone(side, 'short-lived');
    const next = { sessionId: opened?.sessionId ?? 0, sessionEpoch: 1 };
    await side.ask('a topic that is gone', fetchApi, 18, { ...fetchOf({}, [], next), topics: [] });
  },
};

async function session(
  side: Side,
  version: number,
  key: { readonly topic?: string; readonly topicId?: string },
): Promise<void> {
  const ask = async (
    what: string,
    [sessionId, sessionEpoch]: readonly [number, number],
    partitions: Parameters<typeof fetchOf>[1],
    forgotten: readonly number[] = [],
  ): Promise<number> => {
    const { topics, ...rest } = fetchOf(key, partitions, { sessionId, sessionEpoch });
    const forgottenTopicsData = forgotten.length > 0 ? [{ ...key, partitions: forgotten }] : [];
    const request = { ...rest, topics: partitions.length > 0 ? topics : [], forgottenTopicsData };
    const answer = await side.ask(what, fetchApi, version, request);
    return answer?.sessionId ?? 0;
  };
  await ask('without a session', NONE, [from(0), from(1)]);
  const id = await ask('a new session', NEW, [from(0), from(1)]);
  await ask('nothing new', [id, 1], []);
  const at = await append(side, 'session', batch(['a']));
  await ask('a record', [id, 2], []);
  await ask('the record again', [id, 3], []);
  await ask('behind the record', [id, 4], [from(0, Number(at) + 1)]);
  await ask('one partition more', [id, 5], [from(2)]);
  await ask('one that is not there', [id, 6], [from(9)]);
  await ask('one that is not there, again', [id, 7], []);
  await ask('one forgotten', [id, 8], [], [9]);
  await ask('one forgotten that was not there', [id, 9], [], [77]);
  await ask('out of range', [id, 10], [from(1, 999)]);
  await ask('out of range, again', [id, 11], []);
  await ask('in range again', [id, 12], [from(1, 0)]);
  await ask('an epoch again', [id, 12], []);
  await ask('an epoch too far', [id, 15], []);
  await ask('a session that there is not', [id === 77 ? 78 : 77, 1], []);
  await ask('epoch 1 of no session', [0, 1], []);
  await ask('epoch -2', [id, -2], []);
  await ask('the epoch after errors', [id, 13], []);
  await ask('a new session in place of the old', [id, 0], [from(0)]);
  await ask('the old one', [id, 14], []);
  const other = await ask('one to close', NEW, [from(0)]);
  await ask('closed', [other, -1], []);
  await ask('what was closed', [other, 1], []);
}
