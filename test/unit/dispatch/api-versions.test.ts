import type { BrokerIdentity, RequestContext } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { answerApiVersions } from '../../../src/dispatch/api-versions.js';

const LISTED = { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 5 }] };
const REFUSED = { errorCode: 42, apiKeys: [] };

function ask(apiVersion: number, clientSoftwareName: string, clientSoftwareVersion: string) {
  const request = { clientSoftwareName, clientSoftwareVersion, clusterId: null, nodeId: -1 };
  return answerApiVersions(LISTED, request, { apiVersion } as RequestContext, () => ({ clusterId: 'c', nodeId: 1 }));
}

const GOOD = ['a', 'apache-kafka-java', '4.3.0', 'v1.9-rc1', 'A0', '0', 'a..b', 'a--b'];
const BAD = ['', '-', '.', '-a', 'a-', '.a', 'a.', 'a b', 'a_b', 'a/b', 'ä', ' a', 'a\n', 'a\0'];

test.each(GOOD)('%j is a name and a version of software', (text) => {
  for (const version of [3, 4, 5]) {
    expect(ask(version, text, '1.0')).toEqual(LISTED);
    expect(ask(version, 'client', text)).toEqual(LISTED);
  }
});

test.each(BAD)('%j is neither: nothing is listed then', (text) => {
  for (const version of [3, 4, 5]) {
    expect(ask(version, text, '1.0')).toEqual(REFUSED);
    expect(ask(version, 'client', text)).toEqual(REFUSED);
    expect(ask(version, text, text)).toEqual(REFUSED);
  }
});

test('before version 3 there is no software to look at', () => {
  for (const version of [0, 1, 2]) expect(ask(version, '', '')).toEqual(LISTED);
});

test('what was good once does not make another good', () => {
  expect(ask(3, 'client', '1.0')).toEqual(LISTED);
  expect(ask(3, 'client', '1.0')).toEqual(LISTED);
  expect(ask(3, 'client', '')).toEqual(REFUSED);
  expect(ask(3, '', '1.0')).toEqual(REFUSED);
  expect(ask(3, 'client', '1.0')).toEqual(LISTED);
});

test('a long name costs no more than its length', () => {
  expect(ask(3, `${'a-'.repeat(16_000)}!`, '1.0')).toEqual(REFUSED);
  expect(ask(3, 'a'.repeat(32_000), '1.0')).toEqual(LISTED);
});

// The codes are those that Apache Kafka 4.4.0 gave to the same requests.
describe('the broker that a client expects', () => {
  const [OTHER, HALF] = [{ errorCode: 129, apiKeys: [] }, REFUSED];
  const IDENTITY = { clusterId: 'c', nodeId: 1 };

  function expecting(clusterId: string | null, nodeId: number, identity: BrokerIdentity | null, name = 'client') {
    const request = { clientSoftwareName: name, clientSoftwareVersion: '1', clusterId, nodeId };
    return answerApiVersions(LISTED, request, { apiVersion: 5 } as RequestContext, () => identity);
  }

  test.each<[string | null, number, object]>([
    [null, -1, LISTED],
    ['c', 1, LISTED],
    ['c', 2, OTHER],
    ['d', 1, OTHER],
    ['C', 1, OTHER],
    ['', 1, OTHER],
    ['c', 2147483646, OTHER],
    ['c', -2, OTHER],
    ['c', -1, HALF],
    ['', -1, HALF],
    [null, 1, HALF],
    [null, 7, HALF],
  ])('%j with node %d', (clusterId, nodeId, answer) => {
    expect(expecting(clusterId, nodeId, IDENTITY)).toEqual(answer);
  });

  test('is not compared by a backend without an identity, but must be complete', () => {
    expect(expecting('d', 7, null)).toEqual(LISTED);
    expect(expecting('d', -1, null)).toEqual(HALF);
    expect(expecting(null, 7, null)).toEqual(HALF);
  });

  test('is compared after the software', () => {
    expect(expecting('d', 7, IDENTITY, '')).toEqual(REFUSED);
  });
});
