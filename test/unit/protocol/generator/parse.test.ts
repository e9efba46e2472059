import { describe, expect, it } from 'vitest';
import { ALL, NONE } from '../../../../src/protocol/definitions/generator/model.js';
import { parseDefinitions } from '../../../../src/protocol/definitions/generator/parse.js';
import { parseApi, requestOf } from '../../../support/compile-api.js';

describe('a definition', () => {
  it('says the key, the name, the versions and what it is for', () => {
    const {
      apis: [first, second, third],
    } = parseDefinitions(
      `# What it is for,
# in two lines.
api 7 Seven 2-5 flexible 4+ unstable 5

api 8 Eight none
# The last one.
api 9 Nine 3
`,
      'some.api',
    );
    expect(first).toEqual({
      key: 7,
      name: 'Seven',
      doc: 'What it is for, in two lines.',
      versions: { min: 2, max: 5 },
      flexible: { min: 4, max: Infinity },
      unstable: 5,
      request: null,
      response: null,
    });
    expect(second).toMatchObject({ key: 8, versions: NONE, flexible: NONE, unstable: null });
    expect(third).toMatchObject({ key: 9, doc: 'The last one.', versions: { min: 3, max: 3 } });
  });

  it('may be of messages that are no APIs, beside those that are', () => {
    const { apis, data } = parseDefinitions(
      '# Said among members.\ndata Said 0-2 flexible 1+\n  words []string\n\napi 7 Seven none\ndata Bare 3\n',
      'some.api',
    );
    expect(apis.map(({ name }) => name)).toEqual(['Seven']);
    expect(data).toMatchObject([
      {
        doc: 'Said among members.',
        message: { name: 'Said', versions: { min: 0, max: 2 }, flexible: { min: 1, max: Infinity } },
      },
      { message: { name: 'Bare', versions: { min: 3, max: 3 }, root: { fields: [] } } },
    ]);
    expect(data[0]!.message.root.fields.map(({ name }) => name)).toEqual(['words']);
  });

  it('says of a field all there is to say', () => {
    const { request } = parseApi(
      requestOf(
        '0-9 flexible 3+',
        `  # What it
  # holds.
  one string 1+ null 2+ tag 5 4+ ignorable from other onerror null = "text"
  two string 3-7 flexible none
  three []int32 nullisempty
  four bytes flexible = null
`.replace('flexible = null', 'null = null'),
      ),
    );
    const [one, two, three, four] = request!.root.fields;
    expect(one).toEqual({
      name: 'one',
      doc: 'What it holds.',
      type: { kind: 'primitive', name: 'string' },
      versions: { min: 1, max: Infinity },
      nullable: { min: 2, max: Infinity },
      tag: { number: 5, versions: { min: 4, max: Infinity } },
      flexible: null,
      ignorable: true,
      nullIsEmpty: false,
      defaultText: '"text"',
      from: 'other',
      onError: 'null',
    });
    expect(two).toMatchObject({ versions: { min: 3, max: 7 }, flexible: NONE, nullable: NONE, ignorable: false });
    expect(three).toMatchObject({
      type: { kind: 'array', element: { kind: 'primitive', name: 'int32' } },
      versions: ALL,
      nullIsEmpty: true,
    });
    expect(four).toMatchObject({ nullable: ALL, defaultText: 'null' });
  });

  it('lists structs from the outside in, those that several fields use as well', () => {
    const { request } = parseApi(
      requestOf(
        '0',
        `  first []Outer
    inner Inner
      deep []Deep
        n int8
    shared Shared
  second Shared
  struct Shared
    n int8`,
      ),
    );
    expect(request!.structs.map(({ name }) => name)).toEqual(['Outer', 'Inner', 'Deep', 'Shared']);
    expect(request!.root.fields.map(({ name }) => name)).toEqual(['first', 'second']);
  });

  it('has a tag in the versions of its field unless told otherwise', () => {
    const { request } = parseApi(requestOf('0-5 flexible 2+', '  one int8 3+ tag 0'));
    expect(request!.root.fields[0]!.tag).toEqual({ number: 0, versions: { min: 3, max: Infinity } });
  });
});

describe('a mistake is named with file, line and text', () => {
  const head = 'api 900 Made 0-5 flexible 2+';
  const problems: readonly [what: string, source: string, line: number, problem: string][] = [
    ['no API at first', 'request\n', 1, 'expected: api KEY Name VERSIONS'],
    ['a key that is no number', 'api x Made 0\n', 1, 'expected: api KEY Name VERSIONS'],
    ['no versions', '\n# doc\napi 1 Made\n', 3, 'expected: api KEY Name VERSIONS'],
    ['a small name', 'api 1 made 0\n', 1, 'expected: api KEY Name VERSIONS'],
    ['an indented API', '  api 1 Made 0\n', 1, 'expected: api KEY Name VERSIONS'],
    ['an unknown option', 'api 1 Made 0-3 flexibel 2+\n', 1, 'expected: api KEY Name VERSIONS'],
    ['an option without its value', 'api 1 Made 0-3 flexible\n', 1, 'expected: api KEY Name VERSIONS'],
    ['versions that are none', 'api 1 Made a-b\n', 1, 'not a range of versions: a-b'],
    ['versions backwards', 'api 1 Made 5-3\n', 1, 'not a range of versions: 5-3'],
    ['versions without an end', 'api 1 Made 3+\n', 1, 'the versions of an API have an end'],
    ['flexible for a while', 'api 1 Made 0-5 flexible 2-3\n', 1, 'flexible once, flexible ever after'],
    ['an unstable version that is not there', 'api 1 Made 0-5 unstable 6\n', 1, 'the unstable version is none'],
    ['an unstable version that is no number', 'api 1 Made 0-5 unstable x\n', 1, 'the unstable version is none'],
    ['a section of another name', `${head}\nrequests\n`, 2, 'expected: request or response'],
    ['an indented section', `${head}\n  request\n`, 2, 'expected: request or response'],
    ['a second request', `${head}\nrequest\nrequest\n`, 3, 'a second one'],
    ['a request without a response', `${head}\nrequest\n  a int8\n`, 1, 'one message without the other'],
    ['a response without a request', `${head}\nresponse\n  a int8\n`, 1, 'one message without the other'],
    ['messages without a version', 'api 1 Made none\nrequest\nresponse\n', 1, 'messages without a version'],
    ['wrong indentation', requestOf('0', '  a A\n      n int8'), 5, 'expected an indentation of 4'],
    ['fields of a primitive', requestOf('0', '  a int8\n    b int8'), 4, 'only a struct has fields'],
    ['fields of an array of a primitive', requestOf('0', '  a []int8\n    b int8'), 4, 'only a struct has fields'],
    ['a field without a type', requestOf('0', '  a'), 4, 'a field has a name and a type'],
    ['an unknown word', requestOf('0', '  a int8 optional'), 4, 'unknown word optional'],
    ['versions backwards in a field', requestOf('0', '  a int8 4-2'), 4, 'not a range of versions: 4-2'],
    ['from nothing', requestOf('0', '  a int8 from'), 4, 'from what'],
    ['onerror nothing', requestOf('0', '  a int8 onerror'), 4, 'onerror what'],
    ['a struct that is not declared', requestOf('0', '  a []Nowhere'), 4, 'no struct Nowhere'],
    ['a struct declared twice', requestOf('0', '  a A\n    n int8\n  struct A\n    n int8'), 6, 'a second struct A'],
    ['a field twice', requestOf('0', '  a int8\n  b int8\n  a int16'), 6, 'a second field a'],
    ['a capital name', requestOf('0', '  A int8'), 4, 'a name begins with a small letter'],
    ['an array of arrays', requestOf('0', '  a [][]int8'), 4, 'an array of arrays is not in the language'],
    ['an array of records', requestOf('0', '  a []records'), 4, 'an array of records is not in the language'],
    ['a null number', requestOf('0', '  a int32 null'), 4, 'int32 cannot be null'],
    ['null by default, but not allowed', requestOf('0', '  a string = null'), 4, 'null is the default of a field'],
    ['empty for null of a string', requestOf('0', '  a string nullisempty'), 4, 'only an array can be read as empty'],
    ['a number with flexible versions', requestOf('0', '  a int8 flexible none'), 4, 'only strings and bytes have'],
    ['a tag without a number', requestOf('0 flexible 0+', '  a int8 tag'), 4, 'a tag is a number'],
    ['a negative tag', requestOf('0 flexible 0+', '  a int8 tag -1'), 4, 'a tag is a number'],
    ['a tag twice', requestOf('0 flexible 0+', '  a int8 tag 1\n  b int8 tag 1'), 4, 'a second field with tag 1'],
    ['tagged records', requestOf('0 flexible 0+', '  a records tag 1'), 4, 'records cannot be tagged'],
    ['tagged for a while', requestOf('0-5 flexible 0+', '  a int8 tag 1 2-3'), 4, 'tagged once, tagged ever after'],
    [
      'tagged before it is there',
      requestOf('0-5 flexible 0+', '  a int8 3+ tag 1 2+'),
      4,
      'tagged in versions that do',
    ],
    [
      'tagged before there are tags',
      requestOf('0-5 flexible 3+', '  a int8 2+ tag 1'),
      4,
      'tagged in versions without',
    ],
    [
      'tagged and null in parts',
      requestOf('0-5 flexible 0+', '  a string null 3+ tag 1'),
      4,
      'tagged in versions some of which',
    ],
    ['a default beyond the range', requestOf('0', '  a int8 = 128'), 4, '128 is no default of this type'],
    ['a default below the range', requestOf('0', '  a uint16 = -1'), 4, '-1 is no default of this type'],
    ['a default that is no number', requestOf('0', '  a int64 = ten'), 4, 'ten is no default of this type'],
    ['a default that is no boolean', requestOf('0', '  a bool = 1'), 4, '1 is no default of this type'],
    ['a default that is no fraction', requestOf('0', '  a float64 = .'), 4, '. is no default of this type'],
    ['a default string without quotes', requestOf('0', '  a string = text'), 4, 'text is no default of this type'],
    [
      'a default that is no uuid',
      requestOf('0', '  a uuid = AAAAAAAAAAAAAAAAAAAAAQ'),
      4,
      'AAAAAAAAAAAAAAAAAAAAAQ is no default',
    ],
    ['a message without a name', 'data 0-1', 1, 'expected: data Name VERSIONS [flexible VERSIONS]'],
    ['a message without a version', 'data Said none', 1, 'a message without a version'],
    ['a message whose versions have no end', 'data Said 1+', 1, 'the versions of an API have an end'],
    ['a default for bytes', requestOf('0', '  a bytes = 0x00'), 4, '0x00 is no default of this type'],
    ['a default for an array', requestOf('0', '  a []int8 = []'), 4, '[] is no default of this type'],
  ];

  it.each(problems)('%s', (_what, source, line, problem) => {
    let error: unknown;
    try {
      parseDefinitions(source, 'some.api');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message.startsWith(`some.api:${String(line)}: ${problem}`), message).toBe(true);
    expect(message.endsWith(`: ${source.split('\n')[line - 1]!.trim()}`), message).toBe(true);
  });
});
