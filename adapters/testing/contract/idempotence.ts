import assert from 'node:assert/strict';
import { initProducerIdApi, produceApi } from '../../../src/protocol/index.js';
import { type Bench, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append, batchOf, produce, values } from './records.js';

/** A producer id, with its epoch. */
export interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export async function newProducer(
  bench: Bench,
  version: number = bench.client.version(initProducerIdApi),
): Promise<Producer> {
  const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
  // A broker that has just started may have no ids yet.
  const { producerId, producerEpoch } = await bench.eventually(async () => {
    const answer = await bench.client.send(initProducerIdApi, request, version);
    isCode(answer.errorCode, 'NONE', `InitProducerId v${String(version)}`);
    return answer;
  });
  assert(producerId >= 0n, 'InitProducerId: the producer id is negative');
  return { producerId: Number(producerId), producerEpoch };
}

/** The batch of a producer whose only record is its sequence. */
export function numbered(producer: Producer, baseSequence: number): Buffer {
  return batchOf([String(baseSequence)], { ...producer, baseSequence });
}

export const idempotenceCases: readonly CaseDefinition[] = [
  {
    name: 'every producer id is another, at every version',
    async run(bench) {
      const ids: number[] = [];
      for (const version of bench.client.versions(initProducerIdApi)) {
        const { producerId, producerEpoch } = await newProducer(bench, version);
        assert.equal(producerEpoch, 0, 'InitProducerId: a new producer id has the epoch 0');
        ids.push(producerId);
      }
      assert.equal(new Set(ids).size, ids.length, `InitProducerId gave an id twice: ${ids.join(', ')}`);
    },
  },
  {
    name: 'a batch that is sent again is answered as before, and stored once',
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      for (let sequence = 0; sequence < 5; sequence++) await append(bench.client, topic, numbered(producer, sequence));
      for (let sequence = 0; sequence < 5; sequence++) {
        const { errorCode, baseOffset } = await produce(bench.client, topic, numbered(producer, sequence));
        isCode(errorCode, 'NONE', `Produce of sequence ${String(sequence)} once more`);
        assert.equal(Number(baseOffset), sequence, 'a batch that was sent again has another offset');
      }
      assert.deepEqual(await values(bench.client, topic), ['0', '1', '2', '3', '4'], 'a batch was stored twice');
    },
  },
  {
    name: 'a batch that is sent again over a new connection is stored once',
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      const lost = await bench.connect();
      await append(lost, topic, numbered(producer, 0));
      await lost.close();
      await append(bench.client, topic, numbered(producer, 0));
      await append(bench.client, topic, numbered(producer, 1));
      assert.deepEqual(await values(bench.client, topic), ['0', '1']);
    },
  },
  {
    name: 'requests of one producer that follow each other without waiting are stored in order',
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      const sequences = [0, 1, 2, 3, 4];
      const answers = await Promise.all(
        sequences.map((each) => produce(bench.client, topic, numbered(producer, each))),
      );
      for (const { errorCode } of answers) isCode(errorCode, 'NONE', 'Produce');
      assert.deepEqual(await values(bench.client, topic), sequences.map(String));
    },
  },
  {
    name: 'a gap in the sequence is refused',
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      await append(bench.client, topic, numbered(producer, 0));
      const { errorCode } = await produce(bench.client, topic, numbered(producer, 2));
      isCode(errorCode, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'Produce of sequence 2 after 0');
      await append(bench.client, topic, numbered(producer, 1));
      assert.deepEqual(await values(bench.client, topic), ['0', '1'], 'a refused batch was stored');
    },
  },
  {
    name: 'a batch before the last five is refused',
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      for (let sequence = 0; sequence < 7; sequence++) await append(bench.client, topic, numbered(producer, sequence));
      const { errorCode } = await produce(bench.client, topic, numbered(producer, 0));
      assert.notEqual(errorCode, 0, 'Produce of a batch that is long past succeeded');
      assert.equal((await values(bench.client, topic)).length, 7, 'a refused batch was stored');
    },
  },
  {
    name: 'a new epoch starts its sequence anew, and fences the old one',
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      await append(bench.client, topic, numbered(producer, 0));
      const next = { ...producer, producerEpoch: producer.producerEpoch + 1 };
      const late = await produce(bench.client, topic, numbered(next, 7));
      isCode(late.errorCode, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'Produce of a new epoch that starts at sequence 7');
      await append(bench.client, topic, numbered(next, 0));
      const { errorCode } = await produce(bench.client, topic, numbered(producer, 1));
      isCode(errorCode, 'INVALID_PRODUCER_EPOCH', 'Produce of an old epoch');
      assert.equal((await values(bench.client, topic)).length, 2, 'a refused batch was stored');
    },
  },
  {
    name: 'sequences are counted for each partition on its own',
    async run(bench) {
      const topic = await bench.topic({ partitions: 2 });
      const producer = await newProducer(bench);
      for (const partition of [0, 1, 0, 1].entries()) {
        const [index, to] = partition;
        await append(bench.client, topic, numbered(producer, index >> 1), { partition: to });
      }
      for (const partition of [0, 1]) assert.deepEqual(await values(bench.client, topic, partition), ['0', '1']);
    },
  },
  {
    name: 'a sequence is at its end followed by 0',
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      // Nothing is known of the producer here: any sequence is its first.
      await append(bench.client, topic, numbered(producer, 0x7fff_ffff));
      await append(bench.client, topic, numbered(producer, 0));
      assert.equal((await values(bench.client, topic)).length, 2);
    },
  },
  {
    name: 'a producer id without an epoch, or an empty transactional id, is refused',
    async run(bench) {
      const init = async (transactionalId: string | null, producerId: bigint, producerEpoch: number) =>
        bench.client.send(initProducerIdApi, {
          transactionalId,
          transactionTimeoutMs: 60_000,
          producerId,
          producerEpoch,
        });
      isCode((await init(null, 5n, -1)).errorCode, 'INVALID_REQUEST', 'InitProducerId with an id and no epoch');
      isCode((await init('', -1n, -1)).errorCode, 'INVALID_REQUEST', "InitProducerId of the transactional id ''");
    },
  },
  {
    name: 'a transactional id is refused with a code that no client tries again',
    without: ['transactions'],
    async run(bench) {
      const request = { transactionalId: bench.name('txn'), transactionTimeoutMs: 60_000 };
      const { errorCode } = await bench.client.send(initProducerIdApi, request);
      isCode(errorCode, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'InitProducerId of a transactional id');
    },
  },
  {
    name: 'a transactional batch is refused',
    without: ['transactions'],
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      const batch = batchOf(['x'], { ...producer, baseSequence: 0, isTransactional: true });
      for (const version of bench.client.versions(produceApi)) {
        const { errorCode } = await produce(bench.client, topic, batch, { version });
        isCode(
          errorCode,
          'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
          `Produce v${String(version)} of a transactional batch`,
        );
      }
      assert.deepEqual(await values(bench.client, topic), [], 'a refused batch was stored');
    },
  },
];
