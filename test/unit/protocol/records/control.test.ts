import {
  buildEndTransactionMarker,
  type EndTransactionMarker,
  readControlRecord,
  readRecords,
  RecordBatch,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { fixtureBytes } from '../../../support/record-batches.js';

/** The fields of the markers in fixtures/records/control.json. */
const marker: Omit<EndTransactionMarker, 'type'> = {
  baseOffset: 1234,
  timestamp: 1_700_000_000_000,
  partitionLeaderEpoch: 3,
  producerId: 77,
  producerEpoch: 2,
  coordinatorEpoch: 21,
};

describe('a control batch', () => {
  it.each(['commit', 'abort'] as const)('of a %s is written as kafka-clients writes it, and read', (type) => {
    const bytes = fixtureBytes(type);
    expect(buildEndTransactionMarker({ ...marker, type }).toString('hex')).toBe(bytes.toString('hex'));
    const batch = new RecordBatch(bytes);
    expect(batch).toMatchObject({ isControl: true, isTransactional: true });
    const [record] = readRecords(batch);
    expect(readControlRecord(record!)).toEqual({ type, typeId: type === 'commit' ? 1 : 0, coordinatorEpoch: 21 });
  });

  it('needs no more than who, what and when', () => {
    const { producerId, producerEpoch, coordinatorEpoch, timestamp } = marker;
    const bytes = buildEndTransactionMarker({ type: 'abort', producerId, producerEpoch, coordinatorEpoch, timestamp });
    expect(new RecordBatch(bytes)).toMatchObject({ baseOffset: 0, partitionLeaderEpoch: -1, baseSequence: -1 });
  });

  it('of another type is read as unknown', () => {
    const [record] = readRecords(new RecordBatch(fixtureBytes('leader change')));
    expect(readControlRecord(record!)).toEqual({ type: 'unknown', typeId: 2, coordinatorEpoch: null });
  });

  const bytes = (...values: number[]): Buffer => Buffer.from(values);
  const key = bytes(0, 0, 0, 1);
  const value = bytes(0, 0, 0, 0, 0, 21);

  it('of a later version is read as far as this one goes', () => {
    expect(readControlRecord({ key: bytes(0, 9, 0, 1, 5), value: bytes(0, 1, 0, 0, 0, 21, 3) })).toEqual({
      type: 'commit',
      typeId: 1,
      coordinatorEpoch: 21,
    });
  });

  it.each([
    [{ key: null, value }, 'INVALID_LENGTH', 'the key of a control record is null (at byte 0)'],
    [{ key: bytes(0, 0, 0), value }, 'INVALID_LENGTH', 'the key of a control record is 3 bytes (at byte 0)'],
    [{ key: bytes(255, 255, 0, 1), value }, 'INVALID_VALUE', 'the key of a control record has version -1 (at byte 0)'],
    [{ key, value: null }, 'INVALID_LENGTH', 'the value of a control record is null (at byte 0)'],
    [{ key, value: bytes(0, 0, 0, 0, 0) }, 'INVALID_LENGTH', 'the value of a control record is 5 bytes (at byte 0)'],
    [{ key, value: bytes(128, 0, 0, 0, 0, 1) }, 'INVALID_VALUE', /the value of a control record has version -32768/],
  ])('is refused when it is no marker (%#)', (record, code, message) => {
    const read = (): unknown => readControlRecord(record);
    expect(read).toThrow(expect.objectContaining({ name: 'RecordsError', code }));
    expect(read).toThrow(message);
  });

  it.each(['producerId', 'coordinatorEpoch', 'producerEpoch', 'timestamp'] as const)(
    'has no %s below its least',
    (path) => {
      const least = path === 'timestamp' ? -2 : -1;
      expect(() => buildEndTransactionMarker({ ...marker, type: 'abort', [path]: least })).toThrow(
        expect.objectContaining({ code: 'INVALID_VALUE', path }),
      );
    },
  );
});
