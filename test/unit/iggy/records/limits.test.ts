import { buildBatch, type RecordInit } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../../adapters/broker/store/store-error.js';
import type { IggyMessageInit } from '../../../../adapters/iggy/sdk/client.js';
import {
  headersBytes,
  MAX_HEADERS_BYTES,
  MAX_PAYLOAD_BYTES,
  messageBytes,
  UnmappableRecordError,
} from '../../../../adapters/iggy/records/limits.js';
import { splitIntoSends } from '../../../../adapters/iggy/records/sends.js';
import { toMessages } from '../../../../adapters/iggy/records/to-messages.js';
import { headerBytes } from '../../../support/iggy-messages.js';
import { batchAround, varint } from '../../../support/raw-batch.js';

const TIME = 1_700_000_000_000;

const mapped = (...records: Partial<RecordInit>[]): IggyMessageInit[] =>
  toMessages(buildBatch(records.map((record) => ({ timestamp: TIME, value: Buffer.from('v'), ...record }))));

const names = ({ headers }: IggyMessageInit): string[] => headers!.map(({ key }) => key.value);

const headersOf = (count: number, length = 200): RecordInit['headers'] =>
  Array.from({ length: count }, (_, index) => ({ key: `header-${index}`, value: Buffer.alloc(length) }));

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('what a message can hold', () => {
  it('is 100,000 bytes of headers, room for a timestamp among them; more goes into an envelope', () => {
    let most: IggyMessageInit | undefined;
    let least: IggyMessageInit | undefined;
    for (let count = 400; least === undefined; count++) {
      // One header of varied length, so that the last byte counts.
      const [message] = mapped({ headers: headersOf(count) });
      if (names(message!).includes('kafka.envelope')) least = message;
      else most = message;
    }
    expect(headersBytes(most!.headers!)).toBeLessThanOrEqual(MAX_HEADERS_BYTES - 26);
    const more = names(most!).length - 1;
    const left = MAX_HEADERS_BYTES - 26 - headersBytes(most!.headers!);
    const room = left - 10 - 'kafka.h.x'.length;
    const full = [...headersOf(more)!, { key: 'x', value: Buffer.alloc(room) }];
    expect(headersBytes(mapped({ headers: full })[0]!.headers!)).toBe(MAX_HEADERS_BYTES - 26);
    const over = [...headersOf(more)!, { key: 'x', value: Buffer.alloc(room + 1) }];
    expect(names(mapped({ headers: over })[0]!)).toEqual(['kafka.v', 'kafka.envelope']);
    const untimely = mapped({ headers: full, timestamp: 0 }, {});
    expect(headersBytes(untimely[0]!.headers!)).toBe(MAX_HEADERS_BYTES);
  });

  it('is a payload of 64,000,000 bytes', () => {
    const value = Buffer.alloc(MAX_PAYLOAD_BYTES);
    expect(mapped({ value })[0]!.payload).toHaveLength(MAX_PAYLOAD_BYTES);
    expect(messageBytes(mapped({ value })[0]!)).toBe(48 + MAX_PAYLOAD_BYTES + 18);
    expect(thrownBy(() => mapped({}, { value: Buffer.alloc(MAX_PAYLOAD_BYTES + 1) }))).toMatchObject({
      index: 1,
      field: 'value',
      message: 'record 1: a value of 64000001 bytes; Iggy holds at most 64000000',
    });
  });

  it('is an envelope of 64,000,000 bytes', () => {
    const value = Buffer.alloc(MAX_PAYLOAD_BYTES - 13);
    expect(mapped({ key: Buffer.alloc(0), value })[0]!.payload).toHaveLength(MAX_PAYLOAD_BYTES);
    const error = thrownBy(() => mapped({ key: Buffer.alloc(0), value: Buffer.alloc(MAX_PAYLOAD_BYTES - 12) }));
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({
      name: 'UnmappableRecordError',
      code: 'INVALID',
      field: 'record',
      message: 'record 0: key, value and headers of 64000001 bytes; Iggy holds at most 64000000',
    });
  });

  it('is no time before 1970 but -1', () => {
    const record = [...varint(6), 0, 0, 0, ...varint(-1), ...varint(-1), 0];
    const batch = batchAround(record, { count: 1, baseTimestamp: -5n });
    const error = thrownBy(() => toMessages(batch));
    expect(error).toBeInstanceOf(UnmappableRecordError);
    expect(error).toMatchObject({ field: 'timestamp', index: 0 });
  });

  it('is each name once: repeated ones go into an envelope, few or many', () => {
    const value = Buffer.from('x');
    const distinct = Array.from({ length: 12 }, (_, index) => ({ key: `h${index}`, value }));
    for (const count of [2, 8, 9, 12]) {
      const some = distinct.slice(0, count);
      expect(names(mapped({ headers: some })[0]!)).toEqual(['kafka.v', ...some.map(({ key }) => `kafka.h.${key}`)]);
      const repeated = [...some.slice(1), { key: 'h1', value }];
      expect(names(mapped({ headers: repeated })[0]!)).toEqual(['kafka.v', 'kafka.envelope']);
    }
  });

  it('is counted as it is stored', () => {
    const [message] = mapped({ key: Buffer.from('é'), headers: [{ key: '漢', value: Buffer.alloc(9) }], timestamp: 0 });
    expect(names(message!)).toEqual(['kafka.v', 'kafka.key', 'kafka.h.漢', 'kafka.ts']);
    expect(headersBytes(message!.headers!)).toBe(headerBytes(message!.headers!).length);
    expect(messageBytes({ payload: Buffer.alloc(5) })).toBe(53);
  });
});

describe('sends', () => {
  const messages = mapped({}, {}, { value: Buffer.alloc(100) }, {}, {});
  const sizes = messages.map(messageBytes);

  it('are one where that fits', () => {
    expect(splitIntoSends(messages)).toEqual([messages]);
    expect(
      splitIntoSends(
        messages,
        sizes.reduce((sum, size) => sum + size),
      ),
    ).toHaveLength(1);
    expect(splitIntoSends([])).toEqual([]);
  });

  it('are as full as the limit allows, in the order of the messages', () => {
    const split = splitIntoSends(messages, sizes[0]! * 2);
    expect(split.map((send) => send.length)).toEqual([2, 1, 2]);
    expect(split.flat()).toEqual(messages);
    expect(splitIntoSends(messages, 1).map((send) => send.length)).toEqual([1, 1, 1, 1, 1]);
  });

  it('of the largest messages fit a frame of the server', () => {
    const [message] = mapped({ value: Buffer.alloc(MAX_PAYLOAD_BYTES), headers: headersOf(400) });
    expect(splitIntoSends([message!, message!]).map((send) => send.length)).toEqual([1, 1]);
    expect(messageBytes(message!)).toBeLessThan(64 * 1024 * 1024 - 4096);
  });
});
