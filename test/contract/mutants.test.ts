// Backends that are broken on purpose, each in one place: the contract must notice, and say what is wrong.
import { type BrokerConfigInit, createBrokerBackend, type LogStore } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { type Backend, type ConnectionInfo, ErrorCode } from 'iggy-gateway-kafka';
import { type ProduceRequest, RecordBatch } from 'iggy-gateway-kafka/protocol';
import { contractCases, type ContractStart, startBroker, type TestBroker } from 'iggy-gateway-kafka/testing';
import { describe, expect, test } from 'vitest';

type Apis = Backend<ConnectionInfo>;

interface Mutant {
  /** What is wrong with it. */
  readonly does: string;
  /** The case that notices, and what it says. */
  readonly noticed: string;
  readonly says: string;
  /** What the broken store does otherwise than the one it is given. */
  readonly store?: (store: LogStore) => Partial<LogStore>;
  /** What the broken backend does otherwise. */
  readonly apis?: (backend: Required<Apis>) => Partial<Apis>;
  readonly config?: BrokerConfigInit;
}

const FOREVER = 0x7fff_ffff;

// Where the fields of a batch stand.
const CRC = 17;
const PRODUCER_ID = 43;
const PRODUCER_EPOCH = 51;
const BASE_SEQUENCE = 53;

/** Changes every batch of a request on its way to the broker, and puts the checksum right. */
function rewritten(request: ProduceRequest, change: (batch: Buffer) => void): ProduceRequest {
  for (const { records } of request.topicData.flatMap(({ partitionData }) => partitionData)) {
    if (records === null) continue;
    change(records);
    records.writeUInt32BE(new RecordBatch(records).computeCrc(), CRC);
  }
  return request;
}

const MUTANTS: readonly Mutant[] = [
  {
    does: 'loses every other record',
    noticed: 'batches of every compression come back',
    says: 'other records were read than were written',
    store: (store) => {
      let count = 0;
      return {
        append: (entries, signal) =>
          count++ % 2 === 0
            ? store.append(entries, signal)
            : entries.map(() => ({ baseOffset: count, logStartOffset: 0 })),
      };
    },
  },
  {
    does: 'stores the first partition of a request only',
    noticed: 'partitions of one request are answered each on its own',
    says: 'Expected values to be strictly deep-equal',
    store: (store) => ({
      append: async (entries, signal) => {
        const [first] = await store.append(entries.slice(0, 1), signal);
        return entries.map(() => first ?? { baseOffset: 0, logStartOffset: 0 });
      },
    }),
  },
  {
    does: 'answers a wrong base offset',
    noticed: 'records come back as they were sent, at every version',
    says: 'the base offset is another',
    apis: (backend) => ({
      produce: async (request, context) => {
        const { responses, ...rest } = await backend.produce(request, context);
        const late = responses.map(({ partitionResponses, ...topic }) => ({
          ...topic,
          partitionResponses: partitionResponses.map((each) => ({ ...each, baseOffset: each.baseOffset + 1n })),
        }));
        return { ...rest, responses: late };
      },
    }),
  },
  {
    does: 'ignores checksums',
    noticed: 'a batch that was changed on its way is corrupt',
    says: 'Produce with a wrong checksum: the error code is NONE',
    apis: (backend) => ({
      produce: (request, context) =>
        backend.produce(
          rewritten(request, () => undefined),
          context,
        ),
    }),
  },
  {
    does: 'forgets sequences',
    noticed: 'a batch that is sent again is answered as before, and stored once',
    says: 'a batch that was sent again has another offset',
    apis: (backend) => ({
      produce: (request, context) => {
        const strip = (batch: Buffer): void => {
          batch.writeBigInt64BE(-1n, PRODUCER_ID);
          batch.writeInt16BE(-1, PRODUCER_EPOCH);
          batch.writeInt32BE(-1, BASE_SEQUENCE);
        };
        return backend.produce(rewritten(request, strip), context);
      },
    }),
  },
  {
    does: 'never wakes a long poll',
    noticed: 'a fetch that waits is answered by the append that fulfils it',
    says: 'when its time was over, not by the append',
    apis: (backend) => ({ fetch: (request, context) => backend.fetch({ ...request, minBytes: FOREVER }, context) }),
  },
  {
    does: 'ignores maxBytes',
    noticed: 'maxBytes holds for all partitions together, and every partition is answered',
    says: 'maxBytes is 2500',
    apis: (backend) => ({ fetch: (request, context) => backend.fetch({ ...request, maxBytes: FOREVER }, context) }),
  },
  {
    does: 'answers a wrong high watermark',
    noticed: 'records are read from an offset on, at every version',
    says: 'another high watermark',
    apis: (backend) => ({
      fetch: async (request, context) => {
        const { responses, ...rest } = await backend.fetch(request, context);
        const early = responses.map(({ partitions, ...topic }) => ({
          ...topic,
          partitions: partitions.map((each) => ({ ...each, highWatermark: each.highWatermark - 1n })),
        }));
        return { ...rest, responses: early };
      },
    }),
  },
  {
    does: 'forgets nothing that a session is told to forget',
    noticed: 'partitions are added to a session, moved and forgotten',
    says: 'a partition that was forgotten is not answered',
    apis: (backend) => ({
      fetch: (request, context) => backend.fetch({ ...request, forgottenTopicsData: [] }, context),
    }),
  },
  {
    does: 'finds no record by its time',
    noticed: 'a time finds the first record that is not earlier',
    says: 'ListOffsets of 0 ms',
    store: () => ({ offsetForTimestamp: () => null }),
  },
  {
    does: 'ignores retention',
    noticed: 'records older than retention.ms go by themselves',
    says: 'a record older than retention.ms is still there',
    store: (store) => ({
      applyRetention: async (partition, _, signal) => (await store.logOffsets(partition, signal)).logStartOffset,
    }),
  },
  {
    does: 'never compacts',
    noticed: 'of a compacted topic the last record of each key stays, at its offset',
    says: 'other records are left after compaction',
    store: () => ({ compact: () => 0 }),
  },
  {
    does: 'deletes no records, and says that it has',
    noticed: 'records before an offset are deleted, and those from it on are not, at every version',
    says: 'ListOffsets has other bounds',
    store: () => ({ deleteRecords: (_partition, beforeOffset) => beforeOffset }),
  },
  {
    does: 'creates topics when told not to',
    noticed: 'a topic that a client asks for is created where broker and request allow it',
    says: 'Metadata that must not create: the error code is NONE',
    apis: (backend) => ({
      metadata: (request, context) => backend.metadata({ ...request, allowAutoTopicCreation: true }, context),
    }),
  },
  {
    does: 'creates topics that are to be validated only',
    noticed: 'validateOnly says what would be, and creates nothing',
    says: 'Metadata after validateOnly: the error code is NONE',
    apis: (backend) => ({
      createTopics: (request, context) => backend.createTopics({ ...request, validateOnly: false }, context),
    }),
  },
  {
    does: 'deletes no topics, and says that it has',
    noticed: 'the offsets of a topic go with it',
    says: 'Metadata after DeleteTopics: the error code is NONE',
    apis: () => ({
      deleteTopics: ({ topics }) => ({ responses: topics.map((topic) => ({ ...topic, errorCode: ErrorCode.NONE })) }),
    }),
  },
  {
    does: 'accepts a member that it does not know',
    noticed: 'requests of members and generations that there are not are refused',
    says: 'SyncGroup of nobody: the error code is NONE',
    apis: (backend) => ({
      syncGroup: async (request, context) => ({
        ...(await backend.syncGroup(request, context)),
        errorCode: ErrorCode.NONE,
      }),
    }),
  },
  {
    does: 'gives a partition two owners',
    noticed: 'when a second member joins, both get their parts, in a new generation',
    says: 'SyncGroup of the other: another assignment',
    apis: (backend) => {
      let assignment: Buffer = Buffer.alloc(0);
      return {
        syncGroup: async (request, context) => {
          assignment = request.assignments[0]?.assignment ?? assignment;
          return { ...(await backend.syncGroup(request, context)), assignment };
        },
      };
    },
  },
  {
    does: 'lets no group wait for more members',
    noticed: 'the first rebalance waits group.initial.rebalance.delay.ms for more members',
    says: 'not in the first generation together',
    config: { 'group.initial.rebalance.delay.ms': 0 },
  },
  {
    does: 'keeps offsets for ever',
    noticed: 'offsets expire with their group, but not those of topics that a member is subscribed to',
    says: 'an offset whose time is over is still there',
    apis: (backend) => ({
      offsetCommit: (request, context) => backend.offsetCommit({ ...request, retentionTimeMs: -1n }, context),
    }),
  },
  {
    does: 'forgets committed offsets at a restart',
    noticed: 'committed offsets are there',
    says: 'another offset is committed',
    store: (store) => ({
      openShard: async (opening, signal) => {
        const shard = await store.openShard(opening, signal);
        return {
          ...shard,
          load: async (loading) => [...(await shard.load(loading))].filter(([key]) => !key.startsWith('offset/')),
        };
      },
    }),
  },
  {
    does: 'forgets the configs of topics at a restart',
    noticed: 'configs of topics hold',
    says: 'Produce of more than max.message.bytes: the error code is NONE',
    store: (store) => ({
      listTopics: async (signal) => (await store.listTopics(signal)).map((topic) => ({ ...topic, configs: {} })),
    }),
  },
];

function startMutant({ store, apis, config }: Mutant, wanted: ContractStart): Promise<TestBroker> {
  const memory = createMemoryStore();
  const broken = Object.assign(Object.create(memory) as LogStore, store?.(memory));
  return startBroker({
    backend: () => {
      const backend = createBrokerBackend({ store: broken, config: { ...wanted.config, ...config } });
      return { ...backend, ...apis?.(backend as Required<Apis>) };
    },
  });
}

describe('the contract notices a backend that', () => {
  for (const mutant of MUTANTS) {
    test.concurrent(mutant.does, async () => {
      const cases = contractCases({ start: (wanted) => startMutant(mutant, wanted), patienceMs: 300 });
      const found = cases.find(({ name }) => name === mutant.noticed);
      expect(found, `no case '${mutant.noticed}'`).toBeDefined();
      await expect(found?.run()).rejects.toThrow(mutant.says);
    });
  }
});
