import { readdirSync, readFileSync } from 'node:fs';
import {
  type ApiCodec,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  type DataCodec,
  isFlexible,
  Reader,
  Writer,
} from 'iggy-gateway-kafka/protocol';
import { codecs } from '../../src/protocol/codecs.js';
import { messageNamed, revive, type Value } from './definitions.js';

/** What a golden message holds; see fixtures/generator/README.md. */
export type GoldenKind = 'minimal' | 'rich' | 'nulls' | 'nestedNulls';

/** One message, as a value and as the bytes that Kafka's own Java client makes of it. */
export interface Sample {
  /** `FetchRequest v12 rich`, for titles. */
  readonly title: string;
  readonly message: string;
  readonly version: number;
  readonly kind: GoldenKind;
  /** The fields that the version carries, as our codecs take them. */
  readonly value: Value;
  readonly bytes: Buffer;
}

/** A request or response. */
export interface Golden extends Sample {
  readonly apiKey: number;
  /** Whether the version has tagged fields, and so the header before it. */
  readonly flexible: boolean;
  readonly direction: Direction;
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

function linesOf(name: string): readonly GoldenLine[] {
  return files.find(({ api }) => api === name)!.messages;
}

/** Request and response headers, as they stand in the file. */
export const goldenHeaders: readonly GoldenLine[] = linesOf('headers');

/** The golden bodies of every API. */
export const goldens: readonly Golden[] = files.flatMap(({ apiKey, messages }) =>
  apiKey === null
    ? []
    : messages.map((line) => ({
        ...toSample(line),
        apiKey,
        flexible: isFlexible(codecOf({ apiKey }).flexibleFrom, line.version),
        direction: line.message.endsWith('Request') ? ('request' as const) : ('response' as const),
      })),
);

const samples: readonly (Sample | Golden)[] = [...goldens, ...linesOf('ConsumerProtocol').map(toSample)];

/** All of them and the messages that are no APIs, by the name of the message. */
export const samplesByMessage: ReadonlyMap<string, readonly (Sample | Golden)[]> = new Map(
  samples.map(({ message: name }) => [name, []]),
);
for (const sample of samples) (samplesByMessage.get(sample.message) as Sample[]).push(sample);

function toSample({ message, version, kind, value, hex }: GoldenLine): Sample {
  const definition = messageNamed(message);
  return {
    title: `${message} v${String(version)} ${kind}`,
    message,
    version,
    kind,
    value: revive(definition, definition.root, value),
    bytes: Buffer.from(hex, 'hex'),
  };
}

const dataCodecs: readonly DataCodec[] = [consumerProtocolSubscription, consumerProtocolAssignment];

function dataCodecOf({ message }: Sample): DataCodec {
  return dataCodecs.find(({ name }) => name === message)!;
}

/** Reads bytes as the message of a sample, to the last one. */
export function decodeSample(sample: Sample | Golden, bytes: Buffer = sample.bytes): unknown {
  const reader = new Reader(bytes);
  const value = readSample(sample, reader);
  reader.expectEnd();
  return value;
}

export function readSample(sample: Sample | Golden, reader: Reader): unknown {
  const { version } = sample;
  if (!('apiKey' in sample)) return dataCodecOf(sample).read(reader, version);
  const codec = codecOf(sample);
  return sample.direction === 'request' ? codec.readRequest(reader, version) : codec.readResponse(reader, version);
}

/** Writes a value as the message of a sample, in one piece. */
export function encodeSample(sample: Sample | Golden, value: unknown, writer: Writer = new Writer()): Buffer {
  const { version } = sample;
  if ('apiKey' in sample) return encodeBody(codecOf(sample), sample.direction, version, value, writer);
  dataCodecOf(sample).write(writer, value, version);
  return written(writer);
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
