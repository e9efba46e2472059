import { type ApiCodec, NIL_UUID } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it, vi } from 'vitest';
import { compileApi } from '../../../support/compile-api.js';

// What is made of "from" and "onerror", and of error codes and records in a response, in made-up APIs.

const request = `api 900 Made 0-5 flexible 4+

request
  groupId string
  note string null
  names []string null 1+
  topics []Topic
    name string 0-3 ignorable
    topicId uuid 4+ ignorable
    partitions []Partition
      index int32
      offset int64
  entries []Entry
    key string
`;

function made(response: string): ApiCodec {
  return compileApi(`${request}\nresponse\n${response}`);
}

const asked = {
  groupId: 'g',
  note: null,
  names: ['a', 'b'],
  topics: [
    {
      name: 't',
      topicId: NIL_UUID,
      partitions: [
        { index: 3, offset: 4n },
        { index: 5, offset: 6n },
      ],
    },
    { name: 'u', topicId: NIL_UUID, partitions: [] },
  ],
  entries: [{ key: 'k' }],
};

describe('an error answer', () => {
  it('echoes what the request named, and goes over its lists down to the last', () => {
    const codec = made(`  errorCode int16
  errorMessage string null
  results []Result from topics
    name string 0-3 ignorable from name
    topicId uuid 4+ ignorable from topicId
    parts []Part from partitions
      partitionIndex int32 from index
      offset int64 onerror -1
      errorCode int16
      batch records null onerror empty
`);
    expect(codec.errorResponse(asked, 0, 42, 'why')).toStrictEqual({
      errorCode: 42,
      errorMessage: 'why',
      results: [
        {
          name: 't',
          topicId: NIL_UUID,
          parts: [3, 5].map((partitionIndex) => ({
            partitionIndex,
            offset: -1n,
            errorCode: 42,
            batch: Buffer.alloc(0),
          })),
        },
        { name: 'u', topicId: NIL_UUID, parts: [] },
      ],
    });
  });

  it('names elements of a list of text, none for a list that is null', () => {
    const codec = made('  groups []Group from names\n    name string from element\n    errorCode int16\n');
    expect(codec.errorResponse(asked, 0, 15, null)).toStrictEqual({
      groups: [
        { name: 'a', errorCode: 15 },
        { name: 'b', errorCode: 15 },
      ],
    });
    expect(codec.errorResponse({ ...asked, names: null }, 0, 15, null)).toStrictEqual({ groups: [] });
  });

  it('goes over several lists one after the other, and names the elements of each in its own way', () => {
    const codec = made(`  results []Result from topics,names
    label string from name,element
    topicId uuid 4+ ignorable from topicId,none
    errorCode int16
`);
    expect(codec.errorResponse({ ...asked, topics: asked.topics.slice(1) }, 0, 3, null)).toStrictEqual({
      results: [
        { label: 'u', topicId: NIL_UUID, errorCode: 3 },
        { label: 'a', errorCode: 3 },
        { label: 'b', errorCode: 3 },
      ],
    });
  });

  it('goes over a list within a list', () => {
    const codec = made('  results []Result from topics.partitions\n    n int32 from index\n    errorCode int16\n');
    expect(codec.errorResponse(asked, 0, 3, null)).toStrictEqual({
      results: [
        { n: 3, errorCode: 3 },
        { n: 5, errorCode: 3 },
      ],
    });
  });

  it('holds in a version what that carries, where the rest would be refused', () => {
    const codec = made(`  errorCode int16 0-3
  errorMessage string 2+ null 2+ = null
  node int32 0-3 onerror -1
  note string 2+ null 2+ from note = null
  groupId string 1+ ignorable from groupId
`);
    const noted = { ...asked, note: 'n' };
    const answers = [0, 2, 4].map((version) => codec.errorResponse(noted, version, 3, 'why'));
    expect(answers).toStrictEqual([
      { errorCode: 3, errorMessage: null, node: -1, note: null, groupId: 'g' },
      { errorCode: 3, errorMessage: 'why', node: -1, note: 'n', groupId: 'g' },
      { errorCode: 0, errorMessage: 'why', node: 0, note: 'n', groupId: 'g' },
    ]);
  });

  it('echoes no bytes by their name alone', () => {
    const source = `api 900 Made 0\n\nrequest\n  token bytes\n  user string\nresponse\n  errorCode int16\n  token bytes\n  user string\n`;
    expect(compileApi(source).errorResponse({ token: Buffer.from('secret'), user: 'me' }, 0, 3, null)).toStrictEqual({
      errorCode: 3,
      token: Buffer.alloc(0),
      user: 'me',
    });
  });

  it('holds what is required, by name from the request or by default, and leaves out the rest', () => {
    const codec = made(
      `  throttleTimeMs int32
  errorCode int16
  groupId string
  note string
  names []string null from names
  leader string = "nobody"
  generation int32
  members []Member
    id string
  assignment Assignment
    n int64
    errorCode int16
    list []int8 onerror empty
    text string null onerror null
  extra int8 tag 0 4+
  late string 3+ ignorable
`.replace('  extra int8 tag 0 4+\n', '  extra int8 4+ tag 0\n'),
    );
    expect(codec.errorResponse(asked, 0, 7, 'unused')).toStrictEqual({
      errorCode: 7,
      groupId: 'g',
      note: '',
      names: ['a', 'b'],
      generation: 0,
      members: [],
      assignment: { n: 0n, errorCode: 7, list: [], text: null },
    });
  });

  it('is refused when the definition is made, where the request does not have what it should echo', () => {
    expect(() => made('  results []Result from nowhere\n    errorCode int16\n')).toThrow(
      'MadeResponse: results comes from nowhere, which the request does not have',
    );
    expect(() => made('  results []Result from topics\n    a string from b,element\n    errorCode int16\n')).toThrow(
      'MadeResponse: a comes from b,element, which Topic does not have',
    );
    expect(() => made('  results []Result from names\n    a string from b\n')).toThrow(
      'MadeResponse: a comes from b, which name does not have',
    );
  });
});

describe('a rejection', () => {
  it('says the error at the top and nothing of the request, which was not read', () => {
    const codec = made(`  errorCode int16
  errorMessage string null
  sessionId int32 onerror -1
  results []Result from topics
    name string from name
`);
    expect(codec.rejection!(0, 42, 'why')).toStrictEqual({
      errorCode: 42,
      errorMessage: 'why',
      sessionId: -1,
      results: [],
    });
  });

  it('is not there where no version has an error code at the top', () => {
    expect(made('  results []Result\n    errorCode int16\n').rejection).toBeUndefined();
  });
});

describe('the first error code', () => {
  it('is found in the order of the fields, at any depth, of those that the version carries', () => {
    const codec = made(`  errorCode int16 3+ ignorable
  first []Result null
    errorCode int16 2+ ignorable
    results []Inner
      partitionErrorCode int16
  second []Other 1-2 ignorable
    errorCode int16
  names []string
`);
    const response = {
      errorCode: 1,
      first: [
        { errorCode: 0, results: [{ partitionErrorCode: 0 }] },
        { errorCode: 2, results: [{ partitionErrorCode: 3 }] },
      ],
      second: [{ errorCode: 4 }],
      names: [],
    };
    expect([0, 1, 2, 3].map((version) => codec.findErrorCode(response, version))).toEqual([3, 3, 2, 1]);
    const other = { ...response, errorCode: 0, first: null };
    expect([0, 1, 2, 3].map((version) => codec.findErrorCode(other, version))).toEqual([0, 4, 4, 0]);
    const left = { errorCode: 0, first: [], names: [] };
    expect([0, 1, 2, 3].map((version) => codec.findErrorCode(left, version))).toEqual([0, 0, 0, 0]);
  });

  it('is 0 where a response has no place for one', () => {
    expect(made('  n int8\n').findErrorCode({ n: 5 }, 0)).toBe(0);
  });
});

describe('records in a response', () => {
  it('are given back wherever they stand, to owners who ask for it', () => {
    const codec = made(`  top records null
  topics []Topic null
    partitions []Partition 2+ ignorable
      batch records null
      n int8
`);
    const release = vi.fn();
    const owned = { chunks: [Buffer.of(1)], release };
    const errors: unknown[] = [];
    const releaseRecords = (value: unknown) => codec.releaseRecords!(value, (error) => errors.push(error));
    releaseRecords({
      top: owned,
      topics: [
        {
          partitions: [
            { batch: owned, n: 0 },
            { batch: null, n: 0 },
          ],
        },
        {},
      ],
    });
    expect(release).toHaveBeenCalledTimes(2);
    releaseRecords({ top: Buffer.of(1), topics: null });
    releaseRecords({ top: [Buffer.of(1)], topics: [{ partitions: [{ batch: undefined, n: 0 }] }] });
    expect(release).toHaveBeenCalledTimes(2);
    expect(errors).toEqual([]);
    const boom = new Error('boom');
    const failing = {
      chunks: [],
      release: () => {
        throw boom;
      },
    };
    releaseRecords({ top: failing, topics: [{ partitions: [{ batch: owned, n: 0 }] }] });
    expect(errors).toEqual([boom]);
    expect(release).toHaveBeenCalledTimes(3);
  });

  it('are nothing to give back where there are none', () => {
    expect(made('  errorCode int16\n').releaseRecords).toBeUndefined();
  });
});
