import {
  type ApiCodec,
  EncodeError,
  fetchApi,
  metadataApi,
  type MetadataResponseInit,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { explainEncodeError } from '../../../src/protocol/encode-trace.js';

const partition = { errorCode: 0, partitionIndex: 0, leaderId: 1, leaderEpoch: 0, replicaNodes: [1], isrNodes: [1] };

function metadata(partitions: readonly unknown[]): MetadataResponseInit {
  return {
    errorCode: 0,
    brokers: [{ nodeId: 1, host: 'a', port: 1 }],
    topics: [{ errorCode: 0, name: 'a', partitions: partitions as never }],
  };
}

const write = (metadataApi as ApiCodec).writeResponse;

function explain(value: unknown, codec: unknown = metadataApi, version = 9): EncodeError {
  return explainEncodeError((codec as ApiCodec).writeResponse, version, value, new Error('at first'));
}

describe('the path of the field', () => {
  test.each([
    ['of a wrong type', { ...partition, leaderEpoch: 'seven' }, 'leaderEpoch', '"seven" is not an int32'],
    ['out of range', { ...partition, leaderId: 2 ** 31 }, 'leaderId', '2147483648 is not an int32'],
    ['that is required and missing', { ...partition, errorCode: undefined }, 'errorCode', 'is required: an int16'],
    [
      'that holds an element of a wrong type',
      { ...partition, isrNodes: [1, 1.5] },
      'isrNodes[1]',
      '1.5 is not an int32',
    ],
    ['that is no array', { ...partition, replicaNodes: 1 }, 'replicaNodes', '1 is not an array'],
  ])('%s', (_what, broken, field, detail) => {
    const error = explain(metadata([partition, partition, broken]));
    expect(error).toBeInstanceOf(EncodeError);
    expect(error.path).toBe(`topics[0].partitions[2].${field}`);
    expect(error).toMatchObject({ code: 'INVALID_VALUE', detail, message: `${error.path}: ${detail}` });
  });

  test('that a version does not carry', () => {
    const error = explain({ ...metadata([]), clusterAuthorizedOperations: 5 }, metadataApi, 7);
    expect(error).toMatchObject({ code: 'UNSUPPORTED_FIELD', path: 'clusterAuthorizedOperations' });
  });

  test('at the top', () => {
    expect(explain({ ...metadata([]), brokers: undefined }).path).toBe('brokers');
  });

  test('of an element that is none', () => {
    const error = explain(metadata([partition, null]));
    expect(error.path).toBe('topics[0].partitions[1]');
    expect(error.code).toBe('INVALID_VALUE');
  });

  test.each([
    ['a chunk', { chunks: [Buffer.alloc(1), 'bytes'], release() {} }, 'records.chunks[1]'],
    ['the chunks', { chunks: 5, release() {} }, 'records.chunks'],
    ['a piece', [Buffer.alloc(1), 5], 'records[1]'],
  ])('within records: %s', (_what, records, path) => {
    const answered = { errorCode: 0, partitionIndex: 0, highWatermark: 0n, abortedTransactions: null, records };
    const error = explain({ errorCode: 0, responses: [{ topic: 'a', partitions: [answered] }] }, fetchApi, 12);
    expect(error.path).toBe(`responses[0].partitions[0].${path}`);
  });

  test('of a response that is frozen', () => {
    const broken = Object.freeze({ ...partition, leaderEpoch: 'seven' });
    const value = metadata(Object.freeze([partition, broken]));
    Object.freeze(value.topics[0]);
    Object.freeze(value.topics);
    expect(explain(Object.freeze(value)).path).toBe('topics[0].partitions[1].leaderEpoch');
  });

  test('of a response made of class instances with private fields', () => {
    class Partition {
      #epoch = 'seven';
      errorCode = 0;
      partitionIndex = 0;
      leaderId = 1;
      replicaNodes = [];
      isrNodes = [];
      get leaderEpoch(): string {
        return this.#epoch;
      }
    }
    expect(explain(metadata([new Partition()])).path).toBe('topics[0].partitions[0].leaderEpoch');
  });
});

describe('what has no path', () => {
  test.each([undefined, null, 5, 'a'])('a response that is no object: %s', (value) => {
    expect(explain(value)).toMatchObject({ name: 'EncodeError', code: 'INVALID_VALUE', path: '' });
  });

  test('an error that does not come a second time is told as it came', () => {
    const error = explain(metadata([partition]));
    expect(error).toMatchObject({ code: 'INVALID_VALUE', path: '', message: 'at first' });
  });

  test('neither is what was thrown and is no Error', () => {
    const error = explainEncodeError(write, 9, metadata([partition]), 'a string');
    expect(error).toMatchObject({ path: '', message: 'a string' });
    const other = explainEncodeError(write, 9, metadata([partition]), 5);
    expect(other).toMatchObject({ path: '', message: 'a value of type number was thrown' });
  });
});

test('a getter that throws is named, whatever it throws', () => {
  const throwing = (thrown: unknown) => ({
    ...partition,
    get leaderEpoch(): number {
      throw thrown;
    },
  });
  expect(explain(metadata([throwing(new Error('lost'))]))).toMatchObject({
    path: 'topics[0].partitions[0].leaderEpoch',
    detail: 'lost',
  });
  expect(explain(metadata([throwing('lost')]))).toMatchObject({
    path: 'topics[0].partitions[0].leaderEpoch',
    detail: 'at first',
  });
  expect(explainEncodeError(write, 9, metadata([throwing(1)]), 'a string')).toMatchObject({ detail: 'a string' });
});

test('nothing of the records is given back: that is for whoever dropped the response', () => {
  let released = 0;
  const records = { chunks: [Buffer.alloc(1)], release: () => released++ };
  const answered = { errorCode: 0, partitionIndex: 0, highWatermark: 0, abortedTransactions: null, records };
  explain({ errorCode: 0, responses: [{ topic: 'a', partitions: [answered] }] }, fetchApi, 12);
  expect(released).toBe(0);
});
