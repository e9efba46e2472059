import { initProducerIdApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { askForAll, batch, produceTo, tampered } from '../records.js';
import type { Scenario } from '../side.js';
import { setUpTopic } from '../topic-setup.js';

const ID = 900_000;
const LAST = 0x7fff_ffff;

/** What a producer sends to a partition, one after another: sequence, records, epoch, id. */
const SEQUENCES: Readonly<
  Record<string, readonly (readonly [sequence: number, count?: number, epoch?: number, id?: number])[]>
> = {
  'in order': [[0], [1], [2, 3], [5]],
  'from 5 on': [[5], [6], [0]],
  'a gap': [[0], [2], [1]],
  'the last again': [[0], [1], [1], [2]],
  'the last again, with more records': [[0], [1], [1, 2], [2]],
  'the last five again, and what was before': [[0], [1], [2], [3], [4], [5], [5], [4], [3], [2], [1], [0], [6]],
  'a part of a batch again': [[0, 3], [1, 2], [0, 2], [3]],
  'over the end of the sequence': [[LAST - 1], [LAST], [0], [1]],
  'a batch over the end of the sequence': [[LAST - 1], [LAST, 3], [2]],
  'a gap over the end of the sequence': [[LAST], [1], [0]],
  'a new epoch': [[0], [1], [0, 1, 1], [1, 1, 1], [2, 1, 0]],
  'a new epoch not from 0 on': [[0], [5, 1, 1], [1]],
  'a new epoch, and the old one': [
    [0, 1, 3],
    [0, 1, 4],
    [1, 1, 3],
    [0, 1, 3],
  ],
  'two epochs on': [[0], [0, 1, 2]],
  'another producer': [[0], [0, 1, 0, ID + 1], [1], [1, 1, 0, ID + 1]],
  'epoch 32767': [
    [0, 1, 32_767],
    [1, 1, 32_767],
  ],
};

export const producerScenario: Scenario = {
  area: 'idempotent producers',
  async run(side) {
    const partitions = Object.keys(SEQUENCES).length;
    await setUpTopic(side, 'sequences', { numPartitions: partitions + 1 });
    for (const [partition, [what, sends]] of Object.entries(SEQUENCES).entries()) {
      for (const [index, [baseSequence, count = 1, producerEpoch = 0, producerId = ID]] of sends.entries()) {
        const values = Array.from({ length: count }, (_, at) => `${index}.${at}`);
        const records = batch(values, { producerId, producerEpoch, baseSequence });
        await side.ask(
          `${what}, send ${index}`,
          produceApi,
          9,
          produceTo({ name: 'sequences' }, records, { partition }),
        );
      }
    }
    await setUpTopic(side, 'others');
    const others = (what: string, records: Buffer) =>
      side.ask(what, produceApi, 9, produceTo({ name: 'others' }, records));
    await others(
      'an epoch of -1',
      tampered((bytes) => {
        bytes.writeBigInt64BE(BigInt(ID), 43);
        bytes.writeInt32BE(0, 53);
      }),
    );
    await others(
      'a sequence of -1',
      tampered((bytes) => {
        bytes.writeBigInt64BE(BigInt(ID), 43);
        bytes.writeInt16BE(0, 51);
      }),
    );
    await others(
      'a sequence without a producer',
      tampered((bytes) => bytes.writeInt32BE(5, 53)),
    );
    await askForAll(side, 'others');
  },
};

export const producerIdScenario: Scenario = {
  area: 'InitProducerId',
  async run(side) {
    const init = (what: string, version: number, request: object = {}) =>
      side.ask(what, initProducerIdApi, version, { transactionalId: null, transactionTimeoutMs: 60_000, ...request });
    // The first ids of all come from the controller: the broker asks to be asked again.
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
    await side.until(async () => (await side.send(initProducerIdApi, 4, request)).errorCode === 0);
    for (let version = 0; version <= 5; version++) await init('an id', version);
    for (const version of [3, 4, 5]) {
      await init('an id without an epoch', version, { producerId: 5n });
      await init('an epoch without an id', version, { producerEpoch: 5 });
      await init('an empty transactional id', version, { transactionalId: '' });
    }
    await init('a timeout of 0', 5, { transactionTimeoutMs: 0 });
    await init('a timeout of -1', 5, { transactionTimeoutMs: -1 });
  },
};
