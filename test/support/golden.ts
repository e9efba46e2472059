import { readdirSync, readFileSync } from 'node:fs';
import { type ApiCodec, isFlexible, Reader, Writer } from 'iggy-gateway-kafka/protocol';
import { codecs } from '../../src/protocol/codecs.js';
import { messageNamed, revive, type Value } from './definitions.js';

/** What a golden message holds; see fixtures/generator/README.md. */
export type GoldenKind = 'minimal' | 'rich' | 'nulls' | 'nestedNulls';

/** One message, as a value and as the bytes that Kafka's own Java client makes of it. */
export interface Golden {
  /** `FetchRequest v12 rich`, for titles. */
  readonly title: string;
  readonly apiKey: number;
  readonly message: string;
  readonly direction: Direction;
  readonly version: number;
  readonly kind: GoldenKind;
  /** The fields that the version carries, as our codecs take them. */
  readonly value: Value;
  readonly bytes: Buffer;
  /** Whether the version has tagged fields, and so the header before it. */
  readonly flexible: boolean;
}

export type Direction = 'request' | 'response';

/** A line of a file in fixtures/golden. */
export interface GoldenLine {
  readonly message: string;
  readonly version: number;
  readonly kind: GoldenKind;
  readonly value: Value;
  readonly hex: string;
}

interface GoldenFile {
  readonly api: string;
  readonly apiKey: number | null;
  readonly messages: readonly GoldenLine[];
}

const folder = new URL('../../fixtures/golden/', import.meta.url);

const files: readonly GoldenFile[] = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as GoldenFile,
);

/** The golden bodies of every API that has a codec. */
export const goldens: readonly Golden[] = files.flatMap(({ apiKey, messages }) =>
  apiKey === null || !codecs.has(apiKey) ? [] : messages.map((line) => toGolden(apiKey, line)),
);

/** Request and response headers, as they stand in the file. */
export const goldenHeaders: readonly GoldenLine[] = files.find(({ api }) => api === 'headers')!.messages;

function toGolden(apiKey: number, { message, version, kind, value, hex }: GoldenLine): Golden {
  const definition = messageNamed(message);
  return {
    title: `${message} v${String(version)} ${kind}`,
    apiKey,
    message,
    direction: message.endsWith('Request') ? 'request' : 'response',
    version,
    kind,
    value: revive(definition, definition.root, value),
    bytes: Buffer.from(hex, 'hex'),
    flexible: isFlexible(codecOf({ apiKey }).flexibleFrom, version),
  };
}

export function codecOf({ apiKey }: { readonly apiKey: number }): ApiCodec {
  return codecs.get(apiKey)!;
}

/** Decodes a whole body; bytes left over are refused. */
export function decodeBody(
  codec: ApiCodec,
  direction: Direction,
  version: number,
  bytes: Buffer,
  maxElements?: number,
): unknown {
  const reader = new Reader(bytes, 0, bytes.length, maxElements);
  const value = direction === 'request' ? codec.readRequest(reader, version) : codec.readResponse(reader, version);
  reader.expectEnd();
  return value;
}

/** Encodes a body, in one piece. */
export function encodeBody(
  codec: ApiCodec,
  direction: Direction,
  version: number,
  value: unknown,
  writer: Writer = new Writer(),
): Buffer {
  if (direction === 'request') codec.writeRequest(writer, value, version);
  else codec.writeResponse(writer, value, version);
  return written(writer);
}

/** Takes what was written, in one piece. */
export function written(writer: Writer): Buffer {
  const taken = writer.take();
  return Buffer.concat(Array.isArray(taken) ? taken : [taken]);
}
