import { describe, expect, it } from 'vitest';
import {
  emitApi,
  emitData,
  fileName,
  methodName,
  versionsDoc,
} from '../../../../src/protocol/definitions/generator/emit-api.js';
import {
  emitApis,
  emitBackendMethods,
  emitCodecs,
  emitMessages,
} from '../../../../src/protocol/definitions/generator/emit-indexes.js';
import type { Message } from '../../../../src/protocol/definitions/generator/model.js';
import { parseDefinitions } from '../../../../src/protocol/definitions/generator/parse.js';
import { condition, elementFunction, structOf } from '../../../../src/protocol/definitions/generator/shape.js';
import { parseApi, requestOf, typeProblems } from '../../../support/compile-api.js';

describe('generated code', () => {
  it('passes the compiler at its strictest, whatever the definition says', () => {
    const types = ['bool', 'int8', 'int16', 'uint16', 'int32', 'int64', 'float64', 'uuid', 'string', 'bytes'];
    const nullable = ['string', 'bytes', 'records', '[]int32', '[]Item', 'Item'];
    const item = '  struct Item\n    n int8\n    more Deep 2+ ignorable\n      d string = "d"';
    const problems = typeProblems([
      requestOf('0', ''),
      requestOf('0 flexible 0+', ''),
      requestOf('0-5 flexible 3+', types.map((type) => `  ${type}s ${type}`).join('\n')),
      requestOf('0-5 flexible 3+', types.map((type) => `  ${type}s []${type} 2+`).join('\n')),
      requestOf('0-5 flexible 3+', types.map((type, tag) => `  ${type}s ${type} 3+ tag ${String(tag)}`).join('\n')),
      requestOf(
        '0-5 flexible 3+',
        types.map((type, tag) => `  ${type}s []${type} 2+ tag ${String(tag)} 4+`).join('\n'),
      ),
      requestOf('0-5', [...nullable.map((type, at) => `  field${String(at)} ${type} null`), item].join('\n')),
      requestOf('0-5', [...nullable.map((type, at) => `  field${String(at)} ${type} 1+ null 3-4`), item].join('\n')),
      requestOf(
        '0-5 flexible 2+',
        [...nullable.map((type, at) => `  field${String(at)} ${type} 1-3 null 1-3 = null`), item].join('\n'),
      ),
      requestOf(
        '0-5 flexible 2+',
        [
          ...nullable
            .filter((type) => type !== 'records')
            .map((type, at) => `  field${String(at)} ${type} 3+ null 3+ tag ${String(at)}`),
          item,
        ].join('\n'),
      ),
      requestOf(
        '0-5 flexible 2+',
        [
          ...nullable
            .filter((type) => type !== 'records')
            .map((type, at) => `  field${String(at)} ${type} 3+ null 3+ tag ${String(at)} = null`),
          item,
        ].join('\n'),
      ),
      // Named like what the code itself names.
      requestOf(
        '0-5 flexible 2+',
        ['version', 'value', 'reader', 'writer', 'flexible', 'section', 'size', 'tag', 'end', 'count']
          .map((name) => `  ${name} int8`)
          .join('\n'),
      ),
      requestOf('0', '  version int16\n  value Value\n    flexible string\n  reader int8 = 1'),
      requestOf('0 flexible 0+', '  version int16\n  value Value\n    flexible string\n  writer int8 tag 0'),
      'api 900 Made 0\n\nrequest\n  request string\n\nresponse\n  request string\n  version int8\n  response int8\n',
      'api 900 Made 0-3\n\nrequest\n\nresponse\n  errorMessages []Text 2+\n    errorMessage string null\n',
      // Documented in words that the code could import.
      '# release, notNull and Writer\napi 900 Made 0\n\nrequest\n  # NIL_UUID, orDefault, readInt8\n  n int8\n\nresponse\n  # RecordsInit\n  n int8\n',
    ]);
    expect(problems).toEqual([]);
  });

  it('would not pass it with a mistake', () => {
    // What a check finds is worth something only if it finds what is wrong: the request has no such type of element.
    const problems = typeProblems([
      'api 900 Made 0\n\nrequest\n  n int8\n\nresponse\n  errorCode int16\n  text string from n\n',
    ]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^made-up-0\.ts:\d+: Type 'number' is not assignable to type 'string'/);
  });

  it('documents each field, with the versions of those that come or go', () => {
    const code = emitApi(
      parseApi(
        `# What it is for.\napi 900 MadeUp 1-5\n\nrequest\n  # The name.\n  name string\n  # Later on.\n  late int8 3+ = 0\n  # For a while.\n  while int8 2-4 = 0\n  # Once.\n  once int8 2 = 0\n  # Never.\n  never int8 none = 0\n  bare int8 0-2 = 0\n  plain int8\n  # A struct.\n  inner Inner null\n    n int8\n  list []Item\n    n int8\n  struct Unused\n    n int8\n\nresponse\n  n int8\n`,
      ),
    );
    for (const doc of [
      '/** MadeUp request, versions 1 to 5. What it is for. */',
      '/** The name. */',
      '/** Later on (v3+). */',
      '/** For a while (v2 to v4). */',
      '/** Once (v2). */',
      '/** Never (in no version). */',
      '/** (v1 to v2) */',
      '/** The value of `inner` of {@link MadeUpRequest}, unless null. */',
      '/** An element of `list` of {@link MadeUpRequest}. */',
      '/** Unused of MadeUpRequest. */',
      '/** Answer to a {@link MadeUpRequest}. */',
      '/** The codec of MadeUp, API key 900, versions 1 to 5. What it is for. */',
    ]) {
      expect(code).toContain(`${doc}\n`);
    }
    expect(code).toContain('\nplain: number;');
    expect(code).toContain('from definitions/made-up.api;');
  });

  it('shares one condition over neighbours', () => {
    const code = emitApi(
      parseApi(requestOf('0-3', '  a int8 2+ ignorable\n  b int8 2+ ignorable\n  c int8 2+ = 0\n  d int8 2+')),
    );
    expect(code.match(/if \(version >= 2\) \{/g)).toHaveLength(2);
  });

  it('refuses what the parser would have refused', () => {
    const message: Message = { ...parseApi(requestOf('0', '')).request! };
    expect(() => structOf(message, { kind: 'struct', name: 'Nowhere' })).toThrow('MadeRequest: no struct Nowhere');
    const list = { kind: 'array', element: { kind: 'primitive', name: 'int8' } } as const;
    expect(() => elementFunction('read', message, list, 'true')).toThrow('MadeRequest: an array of arrays');
  });
});

describe('a condition on the version', () => {
  it.each([
    [{ min: 0, max: Infinity }, null],
    [{ min: 2, max: 6 }, null],
    [{ min: 3, max: Infinity }, 'version >= 3'],
    [{ min: 0, max: 4 }, 'version <= 4'],
    [{ min: 3, max: 4 }, 'version >= 3 && version <= 4'],
    [{ min: 4, max: 4 }, 'version === 4'],
    [{ min: 7, max: Infinity }, 'false'],
    [{ min: 0, max: 1 }, 'false'],
    [{ min: 0, max: -1 }, 'false'],
  ])('%j, given 2 to 6', (versions, code) => {
    expect(condition(versions, { min: 2, max: 6 })).toBe(code);
  });
});

describe('a message that is no API', () => {
  it.each([
    ['0-2', -1],
    ['0-2 flexible 1+', 1],
  ])('%s says since when it is flexible: %i', (versions, flexibleFrom) => {
    const { data } = parseDefinitions(`data Said ${versions}\n  words []string\n`, 'said.api');
    expect(emitData('said', data)).toContain(`  name: 'Said',
  versions: { min: 0, max: 2 },
  flexibleFrom: ${String(flexibleFrom)},
`);
  });
});

describe('the indexes', () => {
  const { apis } = parseDefinitions(
    `# First.
api 1 Alpha 2-5 flexible 4+ unstable 5

request
  n int8

response
  errorCode int16

api 2 BetaGamma none

# A gateway answers it itself.
api 18 ApiVersions 0

request

response
  errorCode int16
`,
    'some.api',
  );

  it('name methods and files', () => {
    expect(apis.map((api) => [methodName(api), fileName(api), versionsDoc(api)])).toEqual([
      ['alpha', 'alpha', 'versions 2 to 5'],
      ['betaGamma', 'beta-gamma', 'versions 0 to -1'],
      ['apiVersions', 'api-versions', 'version 0'],
    ]);
  });

  it('list every API, and how to load those with a codec', () => {
    const code = emitApis(apis).replace(/\s+/g, ' ');
    expect(code).toContain("export type ApiName = 'alpha' | 'apiVersions';");
    expect(code).toContain(
      "{ key: 1, name: 'Alpha', method: 'alpha', versions: { min: 2, max: 5 }, flexibleFrom: 4, unstableFrom: 5, load: () => import('./messages/alpha.js').then((module) => module.alphaApi), },",
    );
    expect(code).toContain("{ key: 2, name: 'BetaGamma', versions: null, flexibleFrom: -1, unstableFrom: null, },");
  });

  it('gather all codecs and messages', () => {
    expect(emitCodecs(apis)).toContain('[alphaApi, apiVersionsApi].map');
    expect(emitMessages(apis, [])).toContain("export * from './alpha.js';\nexport * from './api-versions.js';\n");
    expect(emitMessages(apis, [])).not.toContain('beta');
  });

  it('give a backend a method for each API that is not answered by the gateway itself', () => {
    const code = emitBackendMethods(apis);
    expect(code).toContain(
      'alpha?(request: AlphaRequest, context: RequestContext<State>): Awaitable<AlphaResponseInit>;',
    );
    expect(code).not.toContain('apiVersions?');
    expect(code).not.toContain('betaGamma');
  });
});
