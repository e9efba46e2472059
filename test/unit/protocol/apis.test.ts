import {
  apis,
  hasFlexibleResponseHeader,
  isFlexible,
  Reader,
  readRequestHeader,
  Writer,
  writeRequestHeader,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { codecs } from '../../../src/protocol/codecs.js';
import { definedApis } from '../../support/definitions.js';
import { written } from '../../support/golden.js';

describe('the table of APIs', () => {
  it('has each key of Kafka 4.4 once, in order', () => {
    expect(apis.map(({ key }) => key)).toEqual(Array.from({ length: 95 }, (_, key) => key));
    expect(new Set(apis.map(({ name }) => name)).size).toBe(95);
  });

  it.each(apis.filter(({ load }) => load !== undefined))(
    'loads the codec of $name, which says the same',
    async (info) => {
      const codec = await info.load!();
      expect(codec).toMatchObject({
        key: info.key,
        name: info.name,
        versions: info.versions,
        flexibleFrom: info.flexibleFrom,
      });
      expect(codec).toBe(codecs.get(info.key));
      expect(info.method).toBe(info.name[0]!.toLowerCase() + info.name.slice(1));
    },
  );

  it('has a codec for every API that a definition spells out, and for no other', () => {
    const keys = definedApis.map(({ key }) => key);
    expect([...codecs.keys()]).toEqual(keys);
    expect(apis.filter(({ load }) => load !== undefined).map(({ key }) => key)).toEqual(keys);
    for (const { method, load } of apis) expect(method === undefined).toBe(load === undefined);
  });

  it('has no versions of an API that Kafka has no longer', () => {
    const gone = apis.filter(({ versions }) => versions === null);
    expect(gone.map(({ name }) => name)).toEqual([
      'LeaderAndIsr',
      'StopReplica',
      'UpdateMetadata',
      'ControlledShutdown',
    ]);
  });
});

describe('headers', () => {
  it('are flexible where the version is', () => {
    expect([8, 9, 10].map((version) => isFlexible(9, version))).toEqual([false, true, true]);
    expect(isFlexible(0, 0)).toBe(true);
    expect(isFlexible(-1, 5)).toBe(false);
  });

  it('of responses are flexible where the version is, but never those of ApiVersions', () => {
    expect(hasFlexibleResponseHeader(3, 9, 8)).toBe(false);
    expect(hasFlexibleResponseHeader(3, 9, 9)).toBe(true);
    expect(hasFlexibleResponseHeader(18, 3, 4)).toBe(false);
    expect(hasFlexibleResponseHeader(17, -1, 1)).toBe(false);
  });

  it('of requests skip tagged fields that nobody knows', () => {
    const header = { apiKey: 3, apiVersion: 9, correlationId: 7, clientId: 'c' };
    const writer = new Writer();
    writeRequestHeader(writer, header, true);
    const bytes = Buffer.concat([written(writer).subarray(0, -1), Buffer.from('01050261ff', 'hex')]);
    const reader = new Reader(bytes);
    expect(readRequestHeader(reader, true)).toStrictEqual(header);
    reader.expectEnd();
  });
});
