import type { RequestContext } from 'iggy-gateway-kafka';
import { expect, test } from 'vitest';
import { answerApiVersions } from '../../../src/dispatch/api-versions.js';

const LISTED = { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] };
const REFUSED = { errorCode: 42, apiKeys: [] };

function ask(apiVersion: number, clientSoftwareName: string, clientSoftwareVersion: string) {
  const request = { clientSoftwareName, clientSoftwareVersion };
  return answerApiVersions(LISTED, request, { apiVersion } as RequestContext);
}

const GOOD = ['a', 'apache-kafka-java', '4.3.0', 'v1.9-rc1', 'A0', '0', 'a..b', 'a--b'];
const BAD = ['', '-', '.', '-a', 'a-', '.a', 'a.', 'a b', 'a_b', 'a/b', 'ä', ' a', 'a\n', 'a\0'];

test.each(GOOD)('%j is a name and a version of software', (text) => {
  for (const version of [3, 4]) {
    expect(ask(version, text, '1.0')).toEqual(LISTED);
    expect(ask(version, 'client', text)).toEqual(LISTED);
  }
});

test.each(BAD)('%j is neither: nothing is listed then', (text) => {
  for (const version of [3, 4]) {
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
