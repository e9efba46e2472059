import type { RecordHeaderInit, RecordInit } from '../../../src/protocol/index.js';
import type { IggyHeaderField, IggyMessage } from '../sdk/client.js';
import { readEnvelope } from './envelope.js';
import { fieldBytes, fieldText, isNamed } from './fields.js';
import {
  EMPTY_MARKER,
  ENVELOPE_NAME,
  ENVELOPE_VERSION,
  HEADER_PREFIX,
  KEY_NAME,
  MAPPING_VERSION,
  NULL_MARKER,
  TIMESTAMP_NAME,
  VALUE_NAME,
  VERSION_NAME,
} from './mapping.js';
import { messageTimestamp, recordTimestamp } from './timestamps.js';
import { Unreadable } from './unreadable.js';

const EMPTY = Buffer.alloc(0);

/**
 * Makes a Kafka record of a message. One with `kafka.v` was written by a gateway and says itself what it is. Of any
 * other, which an Iggy client wrote, the payload is the value, there is no key, headers keep their names, whatever they
 * are, with their values as bytes, and the timestamp is its origin's.
 */
export function readMessage(message: IggyMessage): RecordInit | Unreadable {
  const { userHeaders } = message;
  for (const { key, value } of userHeaders) {
    if (isNamed(key, VERSION_NAME)) return isByte(value, MAPPING_VERSION) ? fromGateway(message) : otherVersion(value);
  }
  const headers = userHeaders.map(({ key, value }) => ({ key: fieldText(key), value: fieldBytes(value) }));
  const offset = Number(message.headers.offset);
  return { offset, timestamp: messageTimestamp(message), key: null, value: message.payload, headers };
}

function fromGateway(message: IggyMessage): RecordInit | Unreadable {
  let key: Buffer | null = null;
  let marker: Buffer | null = null;
  let storedTimestamp: IggyHeaderField | null = null;
  let envelope: IggyHeaderField | null = null;
  const headers: RecordHeaderInit[] = [];
  for (const { key: name, value: stored } of message.userHeaders) {
    const text = fieldText(name);
    if (text.startsWith(HEADER_PREFIX)) {
      headers.push({ key: text.slice(HEADER_PREFIX.length), value: fieldBytes(stored) });
    } else if (isNamed(name, KEY_NAME)) key = fieldBytes(stored);
    else if (isNamed(name, VALUE_NAME)) marker = fieldBytes(stored);
    else if (isNamed(name, TIMESTAMP_NAME)) storedTimestamp = stored;
    else if (isNamed(name, ENVELOPE_NAME)) envelope = stored;
  }
  const timestamp = recordTimestamp(message, storedTimestamp);
  if (timestamp instanceof Unreadable) return timestamp;
  const offset = Number(message.headers.offset);
  if (envelope !== null) {
    if (!isByte(envelope, ENVELOPE_VERSION)) return new Unreadable('envelope', `version ${hex(fieldBytes(envelope))}`);
    const enveloped = readEnvelope(message.payload);
    if (enveloped instanceof Unreadable) return enveloped;
    return { offset, timestamp, key: enveloped.key, value: enveloped.value, headers: enveloped.headers };
  }
  if (marker === null) return { offset, timestamp, key, value: message.payload, headers };
  const what = marker.toString('latin1');
  if (what === NULL_MARKER) return { offset, timestamp, key, value: null, headers };
  if (what === EMPTY_MARKER) return { offset, timestamp, key, value: EMPTY, headers };
  return new Unreadable('valueMarker', `${VALUE_NAME} is ${hex(marker)}`);
}

function isByte(field: IggyHeaderField, byte: number): boolean {
  const bytes = fieldBytes(field);
  return bytes.length === 1 && bytes[0] === byte;
}

function otherVersion(field: IggyHeaderField): Unreadable {
  const version = `${VERSION_NAME} is ${hex(fieldBytes(field))}`;
  return new Unreadable('mappingVersion', `${version}, which this version does not know`);
}

function hex(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}
