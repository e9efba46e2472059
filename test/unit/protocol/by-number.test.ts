import {
  apis,
  DecodeError,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  decodeResponseHeader,
  EncodeError,
  encodeRequest,
  encodeRequestHeader,
  encodeResponse,
  encodeResponseHeader,
  fitResponse,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { type Message, type Struct, within } from '../../../src/protocol/definitions/generator/model.js';
import { complete, defaultOf, definedApis, structNamed, type Value } from '../../support/definitions.js';
import { type Direction, type Golden, goldenHeaders, goldens } from '../../support/golden.js';
import { thrownBy } from '../../support/thrown-by.js';

function goldensOf(key: number, direction: Direction): readonly Golden[] {
  return goldens.filter((golden) => golden.apiKey === key && golden.direction === direction);
}

describe('bodies by number', () => {
  it.each(definedApis)('$name: requests and responses come and go as Kafka has them', ({ key }) => {
    for (const { title, version, value, bytes } of goldensOf(key, 'request')) {
      expect(encodeRequest(key, version, value).equals(bytes), title).toBe(true);
      const decoded = decodeRequest(key, version, new Uint8Array(bytes));
      expect(encodeRequest(key, version, decoded).equals(bytes), title).toBe(true);
    }
    for (const { title, version, value, bytes } of goldensOf(key, 'response')) {
      expect(encodeResponse(key, version, value).equals(bytes), title).toBe(true);
      expect(encodeResponse(key, version, decodeResponse(key, version, bytes)).equals(bytes), title).toBe(true);
    }
  });

  it.each(definedApis)('$name: a value without a field gets Kafka’s defaults', ({ key }) => {
    for (const golden of goldensOf(key, 'request').filter(({ kind }) => kind === 'minimal')) {
      expect(encodeRequest(key, golden.version, {}).equals(golden.bytes), golden.title).toBe(true);
    }
    for (const golden of goldensOf(key, 'response').filter(({ kind }) => kind === 'minimal')) {
      expect(encodeResponse(key, golden.version, {}).equals(golden.bytes), golden.title).toBe(true);
    }
  });

  it('are the caller’s: what is encoded next does not touch them', () => {
    const first = encodeRequest(3, 1, { topics: [{ name: 'first' }] });
    const copy = Buffer.from(first);
    encodeRequest(3, 1, { topics: [{ name: 'other' }] });
    expect(first.equals(copy)).toBe(true);
  });

  it('may be encoded by a getter of what is being encoded', () => {
    const inner = encodeRequest(3, 1, { topics: [{ name: 'inner' }] });
    const value = {
      get topics() {
        expect(encodeRequest(3, 1, { topics: [{ name: 'inner' }] }).equals(inner)).toBe(true);
        return [{ name: 'outer' }];
      },
    };
    expect(encodeRequest(3, 1, value).equals(encodeRequest(3, 1, { topics: [{ name: 'outer' }] }))).toBe(true);
  });

  it('hold a copy of large records, whose owner gets them back', () => {
    let released = 0;
    const chunk = Buffer.alloc(10_000, 7);
    const records = { chunks: [chunk], release: () => released++ };
    const response = { responses: [{ partitions: [{ records }] }] };
    const bytes = encodeResponse(1, 12, response);
    chunk.fill(0);
    expect(released).toBe(1);
    expect(decodeResponse(1, 12, bytes).responses[0]!.partitions[0]!.records).toEqual(Buffer.alloc(10_000, 7));
  });

  it('that fail leave nothing behind, and records with their owner', () => {
    let released = 0;
    const records = { chunks: [Buffer.alloc(10_000)], release: () => released++ };
    const response = { responses: [{ topic: 'a', partitions: [{ records }, { errorCode: 'none' }] }] };
    expect(() => encodeResponse(1, 12, response as never)).toThrow(EncodeError);
    expect(released).toBe(0);
    expect(encodeResponse(12, 0, {}).toString('hex')).toBe('0000');
  });
});

describe('what does not fit', () => {
  it('is refused with message, path and value', () => {
    const error = thrownBy(() => encodeRequest(3, 9, { topics: [{ name: 'a' }, { name: 5 as never }] }));
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toMatchObject({
      code: 'INVALID_VALUE',
      path: 'topics[1].name',
      message: 'MetadataRequest v9: topics[1].name: 5 is not a string',
    });
    expect(thrownBy(() => encodeResponse(10, 4, { host: 'a' }))).toMatchObject({
      code: 'UNSUPPORTED_FIELD',
      path: 'host',
      message: 'FindCoordinatorResponse v4: host: version 4 does not carry host',
    });
    expect(thrownBy(() => encodeRequest(3, 9, null as never))).toMatchObject({ code: 'INVALID_VALUE', path: '' });
  });

  it('is refused where bytes are missing, or left over unless that is allowed', () => {
    const bytes = encodeRequest(3, 1, { topics: [{ name: 'a' }] });
    expect(thrownBy(() => decodeRequest(3, 1, bytes.subarray(0, -1)))).toMatchObject({
      code: 'TRUNCATED',
      message: 'MetadataRequest v1: 1 bytes wanted, 0 left (at byte 6)',
    });
    const longer = Buffer.concat([bytes, Buffer.of(1, 2)]);
    expect(thrownBy(() => decodeRequest(3, 1, longer))).toMatchObject({ code: 'TRAILING_BYTES', offset: bytes.length });
    expect(decodeRequest(3, 1, longer, { allowTrailingBytes: true }).topics).toMatchObject([{ name: 'a' }]);
    expect(thrownBy(() => decodeResponse(3, 1, Buffer.alloc(3)))).toMatchObject({ code: 'TRUNCATED' });
    expect(thrownBy(() => decodeResponse(3, 1, 'bytes' as never))).toMatchObject({ code: 'INVALID_VALUE' });
  });

  it('is refused beyond the elements that were allowed', () => {
    const bytes = encodeRequest(3, 1, { topics: [{ name: 'a' }, { name: 'b' }] });
    expect(thrownBy(() => decodeRequest(3, 1, bytes, { maxElements: 1 }))).toMatchObject({ code: 'TOO_MANY_ELEMENTS' });
  });

  const calls: readonly [string, typeof EncodeError | typeof DecodeError, (key: number, version: number) => unknown][] =
    [
      ['encodeRequest', EncodeError, (key, version) => encodeRequest(key, version, {})],
      ['encodeResponse', EncodeError, (key, version) => encodeResponse(key, version, {})],
      ['fitResponse', EncodeError, (key, version) => fitResponse(key, version, {})],
      ['decodeRequest', DecodeError, (key, version) => decodeRequest(key, version, Buffer.alloc(0))],
      ['decodeResponse', DecodeError, (key, version) => decodeResponse(key, version, Buffer.alloc(0))],
    ];

  it.each(calls)('%s refuses an API without codec and a version that there is not', (_name, type, call) => {
    for (const [key, detail] of [
      [95, 'there is no API with key 95'],
      [-1, 'there is no API with key -1'],
      [0.5, 'there is no API with key 0.5'],
      [52, 'Vote (API key 52) is not for clients and has no codec'],
      [4, 'LeaderAndIsr (API key 4) is not for clients and has no codec'],
    ] as const) {
      const error = thrownBy(() => call(key, 0));
      expect(error).toBeInstanceOf(type);
      expect(error).toMatchObject({ code: 'UNKNOWN_API', message: expect.stringContaining(detail) });
    }
    for (const version of [-1, 14, 1.5, NaN]) {
      const error = thrownBy(() => call(3, version));
      expect(error).toBeInstanceOf(type);
      const detail = `Metadata has versions 0 to 13, not ${String(version)}`;
      expect(error).toMatchObject({ code: 'UNKNOWN_VERSION', message: expect.stringContaining(detail) });
    }
  });
});

describe('headers by number', () => {
  it('have the form that API and version call for, both ways', () => {
    for (const { key, versions, flexibleFrom } of apis) {
      if (versions === null) continue;
      for (let version = versions.min; version <= versions.max; version++) {
        const flexible = flexibleFrom >= 0 && version >= flexibleFrom;
        const request = { apiKey: key, apiVersion: version, correlationId: 7, clientId: 'me' };
        const bytes = encodeRequestHeader(request);
        expect(bytes).toHaveLength(flexible ? 13 : 12);
        expect(decodeRequestHeader(Buffer.concat([bytes, Buffer.of(1, 2, 3)]))).toEqual({
          header: request,
          length: bytes.length,
        });
        const response = encodeResponseHeader(key, version, { correlationId: 9 });
        expect(response).toHaveLength(flexible && key !== 18 ? 5 : 4);
        expect(decodeResponseHeader(key, version, Buffer.concat([response, Buffer.of(1)]))).toEqual({
          header: { correlationId: 9 },
          length: response.length,
        });
      }
    }
  });

  it('are Kafka’s', () => {
    const rich = goldenHeaders.find(
      ({ message, version, kind }) => `${message}${version}${kind}` === 'RequestHeader1nulls',
    )!;
    const header = { apiKey: 3, apiVersion: 1, correlationId: rich.value['correlationId'] as number, clientId: null };
    const bytes = Buffer.from(rich.hex, 'hex');
    expect(encodeRequestHeader(header).subarray(4).equals(bytes.subarray(4))).toBe(true);
  });

  it('of an API that there is not, and those that are none, are refused', () => {
    expect(
      thrownBy(() => encodeRequestHeader({ apiKey: 95, apiVersion: 0, correlationId: 1, clientId: null })),
    ).toMatchObject({
      name: 'EncodeError',
      code: 'UNKNOWN_API',
    });
    expect(thrownBy(() => decodeRequestHeader(Buffer.from('005f000000000001ffff', 'hex')))).toMatchObject({
      name: 'DecodeError',
      code: 'UNKNOWN_API',
      message: 'RequestHeader: there is no API with key 95 (at byte 0)',
    });
    expect(thrownBy(() => encodeResponseHeader(95, 0, { correlationId: 1 }))).toMatchObject({ code: 'UNKNOWN_API' });
    expect(thrownBy(() => decodeResponseHeader(95, 0, Buffer.alloc(4)))).toMatchObject({ code: 'UNKNOWN_API' });
    expect(thrownBy(() => decodeResponseHeader(3, 0, Buffer.alloc(3)))).toMatchObject({
      code: 'TRUNCATED',
      message: 'ResponseHeader: 4 bytes wanted, 3 left (at byte 0)',
    });
    expect(thrownBy(() => encodeResponseHeader(3, 0, { correlationId: 1.5 }))).toMatchObject({
      path: 'correlationId',
      message: 'ResponseHeader: correlationId: 1.5 is not an int32',
    });
  });
});

describe('a response for the latest version', () => {
  /** The value with the default wherever the version does not carry the field. */
  function carriedBy(message: Message, struct: Struct, version: number, value: Value): Value {
    return Object.fromEntries(
      struct.fields.map((field) => {
        const held = value[field.name];
        if (!within(field.versions, version)) return [field.name, defaultOf(message, field)];
        const element = field.type.kind === 'array' ? field.type.element : field.type;
        if (element.kind !== 'struct' || held === null) return [field.name, held];
        const inner = structNamed(message, element.name);
        return [
          field.name,
          Array.isArray(held)
            ? held.map((each) => carriedBy(message, inner, version, each as Value))
            : carriedBy(message, inner, version, held as Value),
        ];
      }),
    );
  }

  it.each(definedApis)(
    'of $name fits every version, and keeps what the version carries',
    ({ key, versions, response }) => {
      const message = response!;
      const latest = goldensOf(key, 'response').find(
        ({ version, kind }) => version === versions.max && kind === 'rich',
      )!;
      const value = complete(message, message.root, latest.value);
      for (let version = versions.min; version <= versions.max; version++) {
        const bytes = encodeResponse(key, version, fitResponse(key, version, value));
        expect(decodeResponse(key, version, bytes), `v${version}`).toStrictEqual(
          carriedBy(message, message.root, version, value),
        );
      }
    },
  );

  it('is itself where there is nothing to drop, and never changed', () => {
    const response = { responses: [], nodeEndpoints: [{ nodeId: 1, host: 'a', port: 1 }] };
    expect(fitResponse(1, 16, response)).toBe(response);
    const fitted = fitResponse(1, 12, response);
    expect(fitted).toEqual({ responses: [], nodeEndpoints: undefined, sessionId: undefined });
    expect(response.nodeEndpoints).toHaveLength(1);
  });

  it('that is none is refused', () => {
    const error = thrownBy(() => fitResponse(1, 4, { responses: 5 } as never));
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toMatchObject({ code: 'INVALID_VALUE', message: expect.stringMatching(/^not a FetchResponse: /) });
  });
});

it('bytes whose memory was given away are no message that could be refused: the mistake is told as it is', () => {
  const bytes = new Uint8Array(8);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  expect(() => decodeRequest(18, 0, bytes)).toThrow(TypeError);
  expect(() => decodeRequestHeader(bytes)).toThrow(TypeError);
});
