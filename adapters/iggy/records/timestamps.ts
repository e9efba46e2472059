import { HeaderKind, type IggyHeaderInit, type IggyMessage } from '../sdk/client.js';
import { EPOCH_MARKER, type MappedMessage, TIMESTAMP_NAME } from './mapping.js';
import { UnmappableRecordError } from './limits.js';
import { fieldBytes } from './fields.js';
import { Unreadable } from './unreadable.js';

/** No timestamp. */
const NONE = -1;
/** One send has origin timestamps within 2^32 - 1 µs, some 71.6 minutes; in ms. */
const SPAN = Math.floor(0xffff_ffff / 1000);
/** The SDK gives timestamps as dates, which end here, in ms. */
const LAST_DATE = 8_640_000_000_000_000;

/**
 * Sets the origin timestamps of messages that one send is to hold, in ms since 1970 each. The earliest is where the span
 * of the send begins. What is outside of it, 0 (which Iggy has for none) and what is no date get `kafka.ts` and the
 * nearest origin within.
 *
 * @throws UnmappableRecordError for a timestamp before 1970.
 */
export function stampOrigins(messages: readonly MappedMessage[], timestamps: readonly number[]): void {
  let start = Infinity;
  for (let index = 0; index < timestamps.length; index++) {
    const timestamp = timestamps[index]!;
    if (timestamp > 0) start = Math.min(start, timestamp);
    else if (timestamp < NONE) {
      const detail = `a timestamp of ${String(timestamp)} ms, before 1970, which Iggy cannot hold`;
      throw new UnmappableRecordError(index, 'timestamp', detail);
    }
  }
  const untimed = start === Infinity;
  const last = Math.min(start + SPAN, Math.max(start, LAST_DATE));
  let millis = NONE;
  let micros = 0n;
  for (let index = 0; index < timestamps.length; index++) {
    const message = messages[index]!;
    const timestamp = timestamps[index]!;
    const origin = untimed ? 0 : Math.min(Math.max(timestamp, start), last);
    // Most are those of their neighbours.
    if (origin !== millis) {
      millis = origin;
      micros = BigInt(origin) * 1000n;
    }
    message.originTimestamp = micros;
    const exact = origin === timestamp ? origin > 0 && origin <= LAST_DATE : untimed && timestamp === NONE;
    if (!exact) message.headers = [...message.headers, timestampHeader(timestamp)];
  }
}

function timestampHeader(timestamp: number): IggyHeaderInit {
  return {
    key: { kind: HeaderKind.STRING, value: TIMESTAMP_NAME },
    value: { kind: HeaderKind.INT64, value: BigInt(timestamp) },
  };
}

/** Timestamp of a record that a gateway wrote, in ms since 1970; -1 for none. */
export function recordTimestamp(
  message: IggyMessage,
  stored: IggyMessage['userHeaders'][number]['value'] | null,
): number | Unreadable {
  if (stored === null) {
    const origin = message.headers.originTimestamp.getTime();
    return origin === 0 ? NONE : dateOr(origin, message);
  }
  if (stored.kind === HeaderKind.INT64) {
    const timestamp = Number(stored.value);
    if (Number.isSafeInteger(timestamp) && timestamp >= NONE) return timestamp;
  } else if (fieldBytes(stored).toString('latin1') === EPOCH_MARKER) return 0;
  return new Unreadable('timestamp', `${TIMESTAMP_NAME} is ${describe(stored.value)}`);
}

/** Timestamp of a message that an Iggy client wrote: its origin's, or where it has none, that of the append. */
export function messageTimestamp(message: IggyMessage): number {
  return dateOr(message.headers.originTimestamp.getTime() || NaN, message);
}

function dateOr(time: number, { headers }: IggyMessage): number {
  return Number.isNaN(time) ? headers.timestamp.getTime() : time;
}

function describe(value: unknown): string {
  return Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : String(value);
}
