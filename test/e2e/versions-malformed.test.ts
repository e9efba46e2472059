import { isFlexible } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { codecs } from '../../src/protocol/codecs.js';
import { type Observed, startObserved } from '../support/gateways.js';
import { goldens } from '../support/golden.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { rawRequest } from '../support/raw-request.js';
import { decodeResponseFrame } from '../support/wire-client.js';

expectQuietProcess();

const INVALID_REQUEST = 42;

/** The stub's versions: their least and their greatest, and the sides of Fetch's first code at the top level. */
const asked = [
  { api: 'Produce', apiKey: 0, versions: [3, 9] },
  { api: 'Fetch', apiKey: 1, versions: [4, 6, 7, 12] },
  { api: 'ListOffsets', apiKey: 2, versions: [1, 6] },
  { api: 'Metadata', apiKey: 3, versions: [0, 9] },
  { api: 'ApiVersions', apiKey: 18, versions: [3] },
  { api: 'CreateTopics', apiKey: 19, versions: [2, 5] },
].flatMap(({ versions, ...api }) => versions.map((version) => ({ ...api, version })));

/** Where the response has a code at the top level in that version. */
const rejects = (apiKey: number, version: number): boolean => (apiKey === 1 && version >= 7) || apiKey === 18;

function bodyOf(apiKey: number, version: number, kind = 'rich'): Buffer {
  return goldens.find(
    (golden) =>
      golden.direction === 'request' && golden.apiKey === apiKey && golden.version === version && golden.kind === kind,
  )!.bytes;
}

/** Sends one request on a connection of its own: it is closed, and says INVALID_REQUEST first where it can. */
async function expectRejected({ connect }: Observed, apiKey: number, version: number, body: Buffer): Promise<void> {
  const client = await connect();
  const flexible = isFlexible(codecs.get(apiKey)!.flexibleFrom, version);
  client.sendRaw(rawRequest({ apiKey, version, correlationId: 5, flexible, body }));
  await client.closed;
  if (!rejects(apiKey, version)) {
    if (client.arrived.length > 0) throw new Error('an answer to a request that cannot be read');
    return;
  }
  const answer = await client.next();
  const response = decodeResponseFrame<unknown, { errorCode: number }>(apiKey, version, answer);
  if (answer.correlationId !== 5 || response.errorCode !== INVALID_REQUEST) throw new Error(JSON.stringify(response));
}

describe('a body that does not decode is reported and its connection closed, with INVALID_REQUEST where there is a place', () => {
  test.each(asked)('$api v$version, cut off at every byte', async ({ apiKey, version }) => {
    const running = await startObserved();
    const body = bodyOf(apiKey, version);
    const cuts = Array.from({ length: body.length }, (_, cut) => cut);
    while (cuts.length > 0) {
      await Promise.all(
        cuts.splice(0, 50).map((cut) => expectRejected(running, apiKey, version, body.subarray(0, cut))),
      );
    }
    expect(running.protocolErrors).toHaveLength(body.length);
    for (const event of running.protocolErrors) {
      if (event.apiKey !== apiKey || event.apiVersion !== version) throw new Error('the wrong request is reported');
      if (event.error.name !== 'DecodeError') throw event.error;
    }
    const { error } = running.protocolErrors[0]!;
    expect(error.message).toMatch(new RegExp(`^${codecs.get(apiKey)!.name} request v${version}: `));
    expect(running.gateway.stats().requestsWithTrailingBytes).toBe(0);
  });

  test.each([
    ['a count of -2', 3, 1, 'fffffffe', 'INVALID_LENGTH'],
    ['the least count', 3, 1, '80000000', 'INVALID_LENGTH'],
    ['a count of 2 thousand million', 3, 1, '7fffffff', 'TRUNCATED'],
    ['a compact count of 4 thousand million', 3, 9, 'ffffffff0f', 'TRUNCATED'],
    ['a varint of six bytes', 3, 9, 'ffffffffff01', 'INVALID_VARINT'],
    ['a varint with more than 32 bits', 3, 9, 'ffffffff1f', 'INVALID_VARINT'],
    ['a string of length -2', 3, 1, '00000001fffe', 'INVALID_LENGTH'],
    ['null where a list is required', 3, 0, 'ffffffff', 'UNEXPECTED_NULL'],
    ['null where a topic has a name', 3, 9, '0200', 'UNEXPECTED_NULL'],
    ['a tagged field beyond the end', 3, 9, '00000000' + '01' + '05' + 'ff7f', 'TRUNCATED'],
  ])('%s', async (_, apiKey, version, hex, code) => {
    const running = await startObserved();
    const body = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(code === 'UNEXPECTED_NULL' ? 10 : 2)]);
    await expectRejected(running, apiKey, version, body);
    expect(running.protocolErrors).toMatchObject([
      { error: { name: 'DecodeError', code }, apiKey, apiVersion: version },
    ]);
  });

  test('more array elements than maxDecodedElements', async () => {
    const running = await startObserved({ maxDecodedElements: 100 });
    const topics = (count: number): Buffer => {
      const body = Buffer.alloc(4 + 2 * count);
      body.writeInt32BE(count);
      return body;
    };
    const client = await running.connect();
    client.sendRaw(rawRequest({ apiKey: 3, version: 0, body: topics(100) }));
    await client.next();
    await expectRejected(running, 3, 0, topics(101));
    expect(running.protocolErrors).toMatchObject([{ error: { code: 'TOO_MANY_ELEMENTS' } }]);
  });
});

test('the header of an allowed request that is cut off is reported as well', async () => {
  const running = await startObserved();
  for (let length = 8; length < 10; length++) {
    const client = await running.connect();
    client.sendRaw(
      Buffer.concat([Buffer.of(0, 0, 0, length), rawRequest({ apiKey: 3, version: 0 }).subarray(4, 4 + length)]),
    );
    await client.closed;
    expect(client.arrived).toEqual([]);
  }
  expect(running.protocolErrors).toMatchObject([
    { apiKey: 3, apiVersion: 0 },
    { apiKey: 3, apiVersion: 0 },
  ]);
});

test('what came before such a request is answered, and what comes after it is not looked at', async () => {
  const running = await startObserved();
  const client = await running.connect();
  const good = (correlationId: number): Buffer => rawRequest({ apiKey: 18, version: 0, correlationId });
  const bad = rawRequest({ apiKey: 3, version: 9, correlationId: 3, flexible: true, body: Buffer.from('ff', 'hex') });
  client.sendRaw(Buffer.concat([good(1), good(2), bad, good(4)]));
  await client.closed;
  expect(client.arrived).toEqual([1, 2]);
  expect(running.protocolErrors).toHaveLength(1);
});

test('null forgotten topics, which the schema does not have, are none', async () => {
  const running = await startObserved();
  const client = await running.connect();
  // Fetch v12: cluster id is tagged; topics empty, forgotten topics null, rack empty, no tagged fields.
  const body = Buffer.concat([Buffer.alloc(4 * 4 + 1 + 4 + 4), Buffer.from([1, 0, 1, 0])]);
  client.sendRaw(rawRequest({ apiKey: 1, version: 12, flexible: true, body }));
  expect(decodeResponseFrame(1, 12, await client.next())).toMatchObject({ errorCode: 0, responses: [] });
  expect(running.gateway.stats().requestsWithTrailingBytes).toBe(0);
});
