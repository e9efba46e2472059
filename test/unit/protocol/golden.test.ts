import { apis, Reader, Writer } from 'iggy-gateway-kafka/protocol';
import {
  readRequestHeader,
  readResponseHeader,
  type RequestHeader,
  writeRequestHeader,
  writeResponseHeader,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/protocol/definitions/generator/model.js';
import { complete, definedApis, messageNamed, messages } from '../../support/definitions.js';
import { decodeSample, encodeSample, goldenHeaders, samplesByMessage, written } from '../../support/golden.js';

const byMessage = [...samplesByMessage];

describe('golden bytes of kafka-clients', () => {
  it('are there for all 79 APIs and the messages of the consumer protocol', () => {
    expect([...samplesByMessage.keys()].sort()).toEqual([...messages.keys()].sort());
    expect(definedApis).toHaveLength(79);
    expect(apis.filter(({ load }) => load !== undefined).map(({ key }) => key)).toEqual(
      definedApis.map(({ key }) => key),
    );
    const apiVersions = definedApis.reduce((sum, { versions }) => sum + versions.max - versions.min + 1, 0);
    expect(apiVersions).toBe(285);
  });

  it.each([...messages])(
    'cover every version of %s, minimal, rich, and null where there may be one',
    (name, message) => {
      const there = new Set(samplesByMessage.get(name)!.map(({ version, kind }) => `${String(version)} ${kind}`));
      const missing: string[] = [];
      for (let version = message.versions.min; version <= message.versions.max; version++) {
        for (const kind of ['minimal', 'rich', ...(hasNullable(message, version) ? ['nulls'] : [])]) {
          if (!there.has(`${String(version)} ${kind}`)) missing.push(`${String(version)} ${kind}`);
        }
      }
      expect(missing).toEqual([]);
    },
  );

  it.each(byMessage)(
    '%s: decode to the value, with the default of each field that the version does not carry',
    (_name, samples) => {
      for (const sample of samples) {
        const definition = messageNamed(sample.message);
        expect(decodeSample(sample), sample.title).toStrictEqual(complete(definition, definition.root, sample.value));
      }
    },
  );

  it.each(byMessage)('%s: are what the decoded value encodes to', (_name, samples) => {
    for (const sample of samples) {
      expect(encodeSample(sample, decodeSample(sample)).toString('hex'), sample.title).toBe(
        sample.bytes.toString('hex'),
      );
    }
  });

  it.each(byMessage)('%s: are what a value of nothing but the carried fields encodes to', (_name, samples) => {
    for (const sample of samples) {
      expect(encodeSample(sample, sample.value).toString('hex'), sample.title).toBe(sample.bytes.toString('hex'));
    }
  });

  it.each(byMessage)('%s: minimal ones are what no field at all encodes to with defaults', (_name, samples) => {
    for (const sample of samples.filter(({ kind }) => kind === 'minimal')) {
      const encoded = encodeSample(sample, {}, new Writer({ defaults: true }));
      expect(encoded.toString('hex'), sample.title).toBe(sample.bytes.toString('hex'));
    }
  });
});

function hasNullable(message: Message, version: number): boolean {
  const carries = (range: { min: number; max: number }): boolean => range.min <= version && version <= range.max;
  return message.root.fields.some(({ versions, nullable }) => carries(versions) && carries(nullable));
}

describe('golden headers', () => {
  it('are there in all versions', () => {
    const versions = new Set(goldenHeaders.map(({ message, version }) => `${message} ${version}`));
    expect([...versions]).toEqual(['RequestHeader 1', 'RequestHeader 2', 'ResponseHeader 0', 'ResponseHeader 1']);
  });

  describe.each(goldenHeaders)('$message v$version $kind', ({ message, version, value, hex }) => {
    const isRequest = message === 'RequestHeader';
    const flexible = version === (isRequest ? 2 : 1);

    it('decodes to the value and encodes to the bytes', () => {
      const reader = new Reader(Buffer.from(hex, 'hex'));
      const writer = new Writer();
      if (isRequest) {
        const { requestApiKey: apiKey, requestApiVersion: apiVersion, ...rest } = value;
        const header = { apiKey, apiVersion, ...rest } as unknown as RequestHeader;
        expect(readRequestHeader(reader, flexible)).toStrictEqual(header);
        writeRequestHeader(writer, header, flexible);
      } else {
        const header = { correlationId: value['correlationId'] as number };
        expect(readResponseHeader(reader, flexible)).toStrictEqual(header);
        writeResponseHeader(writer, header, flexible);
      }
      reader.expectEnd();
      expect(written(writer).toString('hex')).toBe(hex);
    });
  });
});
