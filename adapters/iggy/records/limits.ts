import { StoreError } from '../../broker/index.js';
import { HeaderKind, type IggyHeaderInit, type IggyMessageInit } from '../sdk/client.js';

/** Longest name and longest value of a header, in bytes; the shortest of both is 1. */
export const MAX_FIELD_BYTES = 255;
/** All headers of a message together, as {@link headersBytes} counts. */
export const MAX_HEADERS_BYTES = 100_000;
/** Longest payload. The server takes more, up to its frames' size; Iggy's other SDKs refuse it. */
export const MAX_PAYLOAD_BYTES = 64_000_000;
/**
 * Messages of one send, as {@link messageBytes} counts: the server closes the connection on a frame over 64 MiB
 * (`message_bus.max_message_size`), and what stands before the messages in it (two headers of 256 bytes, and the
 * names) is left room for.
 */
export const MAX_SEND_BYTES: number = 64 * 1024 * 1024 - 4096;

/** What the server keeps of each message besides payload and headers. */
const FRAME_HEADER_BYTES = 48;
/** Kind and length of a header's name, and of its value. */
export const HEADER_OVERHEAD_BYTES = 10;

/** Bytes that headers take as they are sent and stored. */
export function headersBytes(headers: readonly IggyHeaderInit[]): number {
  let bytes = 0;
  for (const { key, value } of headers) {
    const size = value.kind === HeaderKind.RAW ? value.value.length : 8;
    bytes += HEADER_OVERHEAD_BYTES + Buffer.byteLength(key.value) + size;
  }
  return bytes;
}

/** Bytes that a message takes as it is sent and stored. */
export function messageBytes({ payload, headers = [] }: IggyMessageInit): number {
  return FRAME_HEADER_BYTES + payload.length + headersBytes(headers);
}

/** A record that Iggy cannot hold. It is checked before anything is sent, for neither the SDK nor the server does. */
export class UnmappableRecordError extends StoreError {
  override readonly name: string = 'UnmappableRecordError';

  constructor(
    /** Its index among those that were to be appended together. */
    readonly index: number,
    /** What of it: `value`, `record` (the envelope that it needs) or `timestamp`. */
    readonly field: 'value' | 'record' | 'timestamp',
    detail: string,
  ) {
    super('INVALID', `record ${String(index)}: ${detail}`);
  }
}
