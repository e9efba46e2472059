import { describe, expect, test } from 'vitest';
import { parseDefinitions } from '../../src/protocol/definitions/generator/parse.js';
import { compareDefinitions } from './compare-definitions.js';
import { type OfficialMessage, parseOfficial } from './official-definitions.js';
import { printApi, printData } from './print-definition.js';

const request = `// A comment, and "a quote".
{ "apiKey": 7, "type": "request", "listeners": ["broker"], "name": "MadeRequest", "validVersions": "1-4",
  "flexibleVersions": "2+", "latestVersionUnstable": true, // to the end of the line
  "fields": [
    { "name": "Name", "type": "string", "versions": "0+", "nullableVersions": "3+", "default": "null", "about": "http://a" },
    { "name": "Ids", "type": "[]Id", "versions": "2+", "ignorable": true, "fields": [
      { "name": "Uuid", "type": "uuid", "versions": "2+", "default": "AAAAAAAAAAAAAAAAAAAAAQ" },
      { "name": "Shared", "type": "Shared", "versions": "3+", "taggedVersions": "3+", "tag": 0 } ]}
  ],
  "commonStructs": [{ "name": "Shared", "versions": "3+", "fields": [
    { "name": "N", "type": "int32", "versions": "3+", "default": "0x10", "flexibleVersions": "none" } ]}]
}`;
const response = `{ "apiKey": 7, "type": "response", "name": "MadeResponse", "validVersions": "1-4", "flexibleVersions": "2+",
  "fields": [{ "name": "ErrorCode", "type": "int16", "versions": "0+" }] }`;
const own = `api 7 Made 1-4 flexible 2+ unstable 4

request
  name string null 3+ = null
  ids []Id 2+ ignorable
    uuid uuid = 00000000-0000-0000-0000-000000000001
    shared Shared 3+ tag 0
  struct Shared
    n int32 = 16
response
  errorCode int16
`;

function compare(source: string, officials: readonly string[] = [request, response]): string[] {
  const { apis, data } = parseDefinitions(source, 'made.api');
  return compareDefinitions(officials.map(parseOfficial), apis, data);
}

// The flexible versions of `n` are in the way of no other test.
const official = [
  request.replace(', "flexibleVersions": "none" }', ' }').replace('"3+", "default": "null"', '"0+", "default": "null"'),
  response,
];

describe('definitions are compared with the official ones', () => {
  test('and differ in nothing when they say the same in other words', () => {
    expect(compare(own, official)).toEqual([]);
  });

  test.each([
    ['api 7', 'api 8', 'Made: key is 8, should be 7'],
    ['1-4', '1-5', 'Made: versions is 1-5, should be 1-4'],
    ['flexible 2+', 'flexible 3+', 'Made: flexible is 3+, should be 2+'],
    [' unstable 4', '', 'Made: unstable is none, should be 4'],
    ['name string', 'title string', 'MadeRequest: fields title ids should be name ids'],
    ['errorCode int16', 'errorCode int32', 'MadeResponse.errorCode: type is int32, should be int16'],
    ['ids []Id 2+', 'ids []Id 3+', 'MadeRequest.ids: versions is 3-4, should be 2-4'],
    ['2+ ignorable', '2+', 'MadeRequest.ids: ignorable is false, should be true'],
    ['null 3+ = null', 'null 3+', 'MadeRequest.name: null is 3-4, should be 1-4'],
    ['tag 0', 'tag 1', 'MadeRequest.ids.shared: tag is 1, should be 0'],
    ['3+ tag 0', '3+ tag 0 4+', 'MadeRequest.ids.shared: tagged is 4, should be 3-4'],
    ['n int32 = 16', 'n int32', 'MadeRequest.ids.shared.n: default is none, should be 16'],
    [
      '0001',
      '0002',
      'MadeRequest.ids.uuid: default is 00000000-0000-0000-0000-000000000002, should be 00000000-0000-0000-0000-000000000001',
    ],
  ])('%s as %s is a difference', (from, to, line) => {
    expect(compare(own.replace(from, to), official)).toContain(line);
  });

  test('also in a field’s own flexible versions and in what may be null', () => {
    expect(compare(own)).toEqual([
      'MadeRequest.name: null is 1-4, should be 3-4',
      'MadeRequest.ids.shared.n: flexible is as the message, should be none',
    ]);
  });

  test('and so are APIs and messages on one side only', () => {
    const data = '{ "type": "data", "name": "ConsumerProtocolAnother", "validVersions": "0", "fields": [] }';
    expect(compare('', [...official, data])).toEqual([
      'Made: key 7, not defined here',
      'ConsumerProtocolAnother: not defined here',
    ]);
    expect(compare(own, [])).toEqual(['Made: no official API']);
    expect(compare('data ConsumerProtocolAnother 1\n  n int8\n', [data])).toEqual([
      'ConsumerProtocolAnother: versions is 1, should be 0',
      'ConsumerProtocolAnother: fields n should be ',
    ]);
  });

  test('an API that is not for clients needs no messages', () => {
    const [made] = official as [string, string];
    const internal = made.replace('"broker"', '"controller"');
    expect(compare('api 7 Made 1-4 flexible 2+ unstable 4\n', [internal, response])).toEqual([]);
    expect(compare(own, [internal, response])).toEqual(['Made: codec is true, should be false']);
  });
});

describe('an official definition in our language', () => {
  test('says the same', () => {
    const [made, answer] = official.map(parseOfficial) as [OfficialMessage, OfficialMessage];
    const { apis } = parseDefinitions(printApi(made, answer), 'made.api');
    expect(compareDefinitions([made, answer], apis, [])).toEqual([]);
  });

  test('has room for comments', () => {
    const [made, answer] = [request, response].map(parseOfficial) as [OfficialMessage, OfficialMessage];
    expect(printApi(made, answer).split('\n').slice(0, 14)).toEqual([
      '# ',
      'api 7 Made 1-4 flexible 2+ unstable 4',
      '',
      'request',
      '  # ',
      '  name string null 3+ = null',
      '  # ',
      '  ids []Id 2+ ignorable',
      '    # ',
      '    uuid uuid 2+ = 00000000-0000-0000-0000-000000000001',
      '    # ',
      '    shared Shared 3+ tag 0 3+',
      '  struct Shared',
      '    # ',
    ]);
  });

  test('may be a message that is no API', () => {
    const message = parseOfficial(
      `{ "type": "data", "name": "ConsumerProtocolAnother", "validVersions": "0-1", "flexibleVersions": "none",
         "fields": [{ "name": "Text", "type": "string", "versions": "1", "default": "" }] }`,
    );
    const source = printData(message);
    expect(source).toBe('# \ndata ConsumerProtocolAnother 0-1\n  # \n  text string 1 = ""\n');
    expect(compareDefinitions([message], [], parseDefinitions(source, 'made.api').data)).toEqual([]);
  });
});
