import { apis, Reader, Writer } from 'iggy-gateway-kafka/protocol';
import {
  readRequestHeader,
  readResponseHeader,
  type RequestHeader,
  writeRequestHeader,
  writeResponseHeader,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { complete, messageNamed } from '../../support/definitions.js';
import { codecOf, decodeBody, encodeBody, goldenHeaders, goldens, written } from '../../support/golden.js';

const coded = await Promise.all(apis.flatMap(({ load }) => (load === undefined ? [] : [load()])));

describe('golden bytes of kafka-clients', () => {
  it.each(coded)('cover every version of $name, request and response, minimal and rich', ({ key, versions }) => {
    const there = new Set(
      goldens
        .filter(({ apiKey }) => apiKey === key)
        .map((golden) => `${golden.direction} ${golden.version} ${golden.kind}`),
    );
    const missing: string[] = [];
    for (let version = versions.min; version <= versions.max; version++) {
      for (const direction of ['request', 'response']) {
        for (const kind of ['minimal', 'rich']) {
          const wanted = `${direction} ${version} ${kind}`;
          if (!there.has(wanted)) missing.push(wanted);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  describe.each(goldens)('$title', (golden) => {
    const { direction, version, value, bytes } = golden;
    const codec = codecOf(golden);
    const definition = messageNamed(golden.message);
    const whole = complete(definition, definition.root, value);

    it('decodes to the value, with the default of each field that the version does not carry', () => {
      expect(decodeBody(codec, direction, version, bytes)).toStrictEqual(whole);
    });

    it('is what the decoded value encodes to', () => {
      const decoded = decodeBody(codec, direction, version, bytes);
      expect(encodeBody(codec, direction, version, decoded).toString('hex')).toBe(bytes.toString('hex'));
    });

    it('is what a value of nothing but the carried fields encodes to', () => {
      expect(encodeBody(codec, direction, version, value).toString('hex')).toBe(bytes.toString('hex'));
    });
  });

  it.each(goldens.filter(({ kind }) => kind === 'minimal'))(
    '$title: is what a value without a field encodes to where defaults were asked for',
    (golden) => {
      const { direction, version, bytes } = golden;
      const encoded = encodeBody(codecOf(golden), direction, version, {}, new Writer({ defaults: true }));
      expect(encoded.toString('hex')).toBe(bytes.toString('hex'));
    },
  );
});

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
