import fc from 'fast-check';
import { buildBatch, RecordBatch } from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import type { MappedMessage } from '../../../../adapters/iggy/records/mapping.js';
import { countedIds, idOf, producedBy, stampProduced, TAGS } from '../../../../adapters/iggy/records/message-ids.js';
import { toMessages } from '../../../../adapters/iggy/records/to-messages.js';

const HIGHEST = 2 ** 31 - 1;

function stamped(
  producer: { producerId: number; producerEpoch: number; baseSequence: number },
  count: number,
  tag = 1,
) {
  const bytes = buildBatch(
    Array.from({ length: count }, () => ({ timestamp: 1, value: Buffer.from('v') })),
    producer,
  );
  const messages: MappedMessage[] = toMessages(bytes);
  stampProduced(messages, 0, new RecordBatch(bytes, 0), tag);
  return messages.map(({ id }) => id);
}

test('the ids of a batch say who produced it, with which sequences, and where it ends', () => {
  fc.assert(
    fc.property(
      fc.record({
        producerId: fc.nat(Number.MAX_SAFE_INTEGER),
        producerEpoch: fc.nat(2 ** 15 - 1),
        baseSequence: fc.oneof(fc.nat(HIGHEST), fc.constant(HIGHEST), fc.constant(HIGHEST - 1)),
      }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(TAGS - 1),
      (producer, count, tag) => {
        const ids = stamped(producer, count, tag);
        expect(ids.map((id) => producedBy(id, tag))).toEqual(
          Array.from({ length: count }, (_, index) => ({
            producerId: producer.producerId,
            producerEpoch: producer.producerEpoch,
            // After the highest one comes 0.
            sequence: (producer.baseSequence + index) % 2 ** 31,
            isLast: index === count - 1,
          })),
        );
        expect(ids.every((id) => id > 0n && id < 2n ** 128n)).toBe(true);
      },
    ),
  );
});

test('ids of another gateway, of messages without a producer, and of Iggy clients say nothing', () => {
  const [id = 0n] = stamped({ producerId: 0, producerEpoch: 0, baseSequence: 0 }, 1, 5);
  expect(producedBy(id, 5)).not.toBeNull();
  expect(producedBy(id, 6)).toBeNull();
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.nat(TAGS - 1), (random, tag) => {
      expect(producedBy(countedIds(random), tag)).toBeNull();
    }),
  );
  expect(idOf('00000000-0000-4000-8000-00000000000a')).toBe(0x4000_8000_0000_0000_000an);
  expect(idOf(10n)).toBe(10n);
});
