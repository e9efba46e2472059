import { errorName } from 'iggy-gateway-kafka';
import { NIL_UUID, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { THEN } from './records.js';

/** Fields whose values are a broker's own: wording, addresses, sizes on a disk. */
const OWN = new Set([
  'throttleTimeMs',
  'errorMessage',
  'batchIndexErrorMessage',
  'documentation',
  'clusterId',
  'host',
  'port',
  'logDir',
  'totalBytes',
  'usableBytes',
  'partitionSize',
]);

/** Fields that say nothing beside an error, null or empty. */
const BESIDE_ERRORS = new Set(['abortedTransactions']);

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** A time that is the broker's own lies within this many milliseconds of ours. */
const NOW_MS = 600_000;

/**
 * An answer with what two brokers of one kind would have in common: error codes by name, ids and times of the moment
 * without their value, lists without their order.
 */
export function normalize(value: unknown, nameOf: (id: string) => string | undefined): unknown {
  const visit = (field: string, part: unknown): unknown => {
    if (typeof part === 'bigint' || typeof part === 'number') {
      // The id of a session, a producer: only that there is one.
      if (/^(sessionId|producerId)$/.test(field)) return part > 0 ? `some ${field}` : Number(part);
      return numberOf(field, Number(part));
    }
    if (typeof part === 'string')
      return nameOf(part) ?? part.replaceAll(UUID, (id) => (id === NIL_UUID ? 'nil' : 'uuid'));
    if (part instanceof Uint8Array) return field === 'records' ? recordsOf(part) : Buffer.from(part).toString('latin1');
    if (Array.isArray(part)) return part.map((each) => visit(field, each)).sort(byText);
    if (typeof part !== 'object' || part === null) return part;
    const refused = 'errorCode' in part && part.errorCode !== 0;
    const entries = Object.entries(part).filter(([name]) => !OWN.has(name) && !(refused && BESIDE_ERRORS.has(name)));
    return Object.fromEntries(entries.map(([name, each]) => [name, visit(name, each)]));
  };
  return visit('', value);
}

function numberOf(field: string, value: number): unknown {
  if (/errorCode$/i.test(field)) return errorName(value);
  return Math.abs(value - Date.now()) < NOW_MS ? 'now' : value;
}

function byText(a: unknown, b: unknown): number {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Times of records count from when all were made. */
function recordTime(time: number): string {
  const since = time - THEN;
  return Math.abs(since) < NOW_MS / 2 ? `then+${since}` : String(numberOf('', time));
}

function textOf(bytes: Uint8Array | null): string {
  const text = String(bytes);
  return text.length > 20 ? `${text.slice(0, 5)}... (${text.length})` : text;
}

/** Every batch with its header and what is in it. */
function recordsOf(bytes: Uint8Array): string {
  const lines = [...readBatches(Buffer.from(bytes), { partial: 'skip' })].flatMap((batch) => {
    const { baseOffset, lastOffset, partitionLeaderEpoch, compression, timestampType, producerId, producerEpoch } =
      batch;
    const producer = producerId < 0 ? 'nobody' : `a producer at epoch ${producerEpoch}, sequence ${batch.baseSequence}`;
    const times = [batch.baseTimestamp, batch.maxTimestamp].map((time) => recordTime(time)).join(' to ');
    const head =
      `batch ${baseOffset} to ${lastOffset}, epoch ${partitionLeaderEpoch}, ${compression}, ` +
      `${timestampType} ${times}, by ${producer}`;
    const records = Array.from(
      readRecords(batch),
      ({ offset, timestamp, key, value }) =>
        `${offset}: ${textOf(key ?? null)}=${textOf(value ?? null)} at ${recordTime(timestamp)}`,
    );
    return [head, ...records];
  });
  return lines.join('; ') || 'no records';
}
