import { RecordBatch, type RecordHeader, RecordReader } from '../../../src/protocol/core.js';
import type { IggyHeaderInit } from '../sdk/client.js';
import { type Enveloped, envelopeBytes, writeEnvelope } from './envelope.js';
import {
  HEADER_OVERHEAD_BYTES,
  headersBytes,
  MAX_FIELD_BYTES,
  MAX_HEADERS_BYTES,
  MAX_PAYLOAD_BYTES,
  UnmappableRecordError,
} from './limits.js';
import {
  EMPTY_HEADER,
  ENVELOPE_HEADER,
  HEADER_PREFIX,
  KEY_NAME,
  type MappedMessage,
  NULL_HEADER,
  PLACEHOLDER,
  rawHeader,
  TIMESTAMP_NAME,
  VERSION_HEADER,
} from './mapping.js';
import { stampOrigins } from './timestamps.js';

// Most messages have one of these; they are never written to.
const VERSION_ONLY: IggyHeaderInit[] = [VERSION_HEADER];
const NULL_ONLY: IggyHeaderInit[] = [VERSION_HEADER, NULL_HEADER];
const EMPTY_ONLY: IggyHeaderInit[] = [VERSION_HEADER, EMPTY_HEADER];
const ENVELOPE_ONLY: IggyHeaderInit[] = [VERSION_HEADER, ENVELOPE_HEADER];

/** Left free for `kafka.ts`, which is known of when all records of a send are. */
const HEADERS_ROOM = MAX_HEADERS_BYTES - HEADER_OVERHEAD_BYTES - TIMESTAMP_NAME.length - 8;
/** Up to so many headers are compared one by one. */
const FEW = 8;

/**
 * Makes an Iggy message of every record in validated batches, in their order. Payloads are views of the batches, or of
 * what they were decompressed to: they must not change until the messages are sent.
 *
 * @param firstId - Id of the first message; the others count on from it. Left out, the SDK draws ids.
 * @throws UnmappableRecordError for a record that Iggy cannot hold.
 */
export function toMessages(batches: Buffer, firstId?: bigint): MappedMessage[] {
  const messages: MappedMessage[] = [];
  const timestamps: number[] = [];
  for (let at = 0; at < batches.length;) {
    const batch = new RecordBatch(batches, at);
    at = batch.end;
    const reader = new RecordReader(batch);
    while (reader.next()) {
      timestamps.push(reader.timestamp);
      messages.push(messageOf(reader, messages.length));
    }
  }
  stampOrigins(messages, timestamps);
  if (firstId !== undefined) {
    let id = firstId;
    for (const message of messages) message.id = id++;
  }
  return messages;
}

function messageOf(reader: RecordReader, index: number): MappedMessage {
  const { key, value, headers } = reader;
  if (value !== null && value.length > MAX_PAYLOAD_BYTES) throw tooLong(index, 'value', 'a value', value.length);
  if (key === null && headers.length === 0) {
    if (value === null) return message(PLACEHOLDER, NULL_ONLY);
    return value.length === 0 ? message(PLACEHOLDER, EMPTY_ONLY) : message(value, VERSION_ONLY);
  }
  const direct = directHeaders(key, value, headers);
  if (direct === null) return enveloped({ key, value, headers }, index);
  return message(value === null || value.length === 0 ? PLACEHOLDER : value, direct);
}

/** All messages have the same fields from the start; stampOrigins and ids fill them in. */
function message(payload: Buffer, headers: IggyHeaderInit[]): MappedMessage {
  return { payload, headers, id: 0n, originTimestamp: 0n };
}

/** Key and headers as headers of the message, in their order; null when these cannot hold them. */
function directHeaders(
  key: Buffer | null,
  value: Buffer | null,
  headers: readonly RecordHeader[],
): IggyHeaderInit[] | null {
  const direct = [VERSION_HEADER];
  if (value === null) direct.push(NULL_HEADER);
  else if (value.length === 0) direct.push(EMPTY_HEADER);
  if (key !== null) {
    if (!fits(key)) return null;
    direct.push(rawHeader(KEY_NAME, key));
  }
  // The Rust gateway keeps one of each name.
  if (headers.length > 1 && repeatNames(headers)) return null;
  for (const { key: name, value: bytes } of headers) {
    if (bytes === null || !fits(bytes)) return null;
    const stored = HEADER_PREFIX + name;
    if (stored.length * 3 > MAX_FIELD_BYTES && Buffer.byteLength(stored) > MAX_FIELD_BYTES) return null;
    direct.push(rawHeader(stored, bytes));
  }
  // Each takes at most 520 bytes.
  return direct.length > 100 && headersBytes(direct) > HEADERS_ROOM ? null : direct;
}

function fits({ length }: Buffer): boolean {
  return length > 0 && length <= MAX_FIELD_BYTES;
}

function repeatNames(headers: readonly RecordHeader[]): boolean {
  if (headers.length > FEW) return new Set(headers.map(({ key }) => key)).size < headers.length;
  for (let index = 1; index < headers.length; index++) {
    for (let before = 0; before < index; before++) if (headers[before]!.key === headers[index]!.key) return true;
  }
  return false;
}

function enveloped(record: Enveloped & { readonly headers: readonly RecordHeader[] }, index: number): MappedMessage {
  const size = envelopeBytes(record);
  if (size > MAX_PAYLOAD_BYTES) throw tooLong(index, 'record', 'key, value and headers', size);
  return message(writeEnvelope(record, size), ENVELOPE_ONLY);
}

function tooLong(index: number, field: 'value' | 'record', what: string, bytes: number): UnmappableRecordError {
  const detail = `${what} of ${String(bytes)} bytes; Iggy holds at most ${String(MAX_PAYLOAD_BYTES)}`;
  return new UnmappableRecordError(index, field, detail);
}
