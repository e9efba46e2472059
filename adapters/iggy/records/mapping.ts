import { HeaderKind, type IggyHeaderInit, type IggyMessageInit } from '../sdk/client.js';

// Version 1 of the mapping of Kafka records to Iggy messages, which Iggy's own Kafka gateway (in Rust) writes and reads
// as well; `to-messages.ts` and `from-message.ts` apply it. One record is one message, and its offset is the message's:
//
//   kafka.v         always: 0x01. A message without it was written by an Iggy client
//   kafka.key       the key, if it has 1 to 255 bytes; no such header is a null key
//   kafka.value     `null` or `empty`: the payload, which cannot be empty, is one byte 0x00 that stands for the value
//   kafka.h.<name>  a header with a value of 1 to 255 bytes
//   kafka.ts        int64, ms: the timestamp, where the origin timestamp (µs; 0 for none) cannot say it
//   kafka.envelope  0x01: key, value and headers are in the payload (envelope.ts), for what the headers cannot hold

/** A record as a message to be sent, with all that there is to say. */
export interface MappedMessage extends IggyMessageInit {
  /** Shared between messages: to be replaced, not written to. */
  headers: IggyHeaderInit[];
  id: bigint;
  originTimestamp: bigint;
}

export const VERSION_NAME = 'kafka.v';
export const KEY_NAME = 'kafka.key';
export const VALUE_NAME = 'kafka.value';
export const TIMESTAMP_NAME = 'kafka.ts';
export const ENVELOPE_NAME = 'kafka.envelope';
/** What the name of a Kafka header is stored behind. */
export const HEADER_PREFIX = 'kafka.h.';

export const MAPPING_VERSION = 1;
export const ENVELOPE_VERSION = 1;

/** Values of `kafka.value`. */
export const NULL_MARKER = 'null';
export const EMPTY_MARKER = 'empty';
/** What the first builds of the Rust gateway wrote in `kafka.ts` for a timestamp of 0. */
export const EPOCH_MARKER = 'epoch';

/** A header with bytes; the Rust gateway finds its own by text names, and takes any kind of value for bytes. */
export function rawHeader(name: string, value: Buffer): IggyHeaderInit {
  return { key: { kind: HeaderKind.STRING, value: name }, value: { kind: HeaderKind.RAW, value } };
}

// One object for all messages: the SDK reads them only.
export const VERSION_HEADER: IggyHeaderInit = rawHeader(VERSION_NAME, Buffer.of(MAPPING_VERSION));
export const ENVELOPE_HEADER: IggyHeaderInit = rawHeader(ENVELOPE_NAME, Buffer.of(ENVELOPE_VERSION));
export const NULL_HEADER: IggyHeaderInit = rawHeader(VALUE_NAME, Buffer.from(NULL_MARKER));
export const EMPTY_HEADER: IggyHeaderInit = rawHeader(VALUE_NAME, Buffer.from(EMPTY_MARKER));
/** The payload where a value is null or empty. */
export const PLACEHOLDER: Buffer = Buffer.of(0);
