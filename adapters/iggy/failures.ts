import { StoreError, type StoreErrorKind } from '../broker/log-store.js';
import { iggyErrorCode } from './client.js';

/**
 * How a command failed:
 *
 * - `refused`: the server said no, and did nothing;
 * - `unsent`: there was no connection to send it on;
 * - `broken`: the connection broke: it may have been done;
 * - `garbled`: the SDK could not read the answer: it may have been done;
 * - `late`: no answer came in time: it may have been done, or be done yet.
 */
export type CommandFailureKind = 'refused' | 'unsent' | 'broken' | 'garbled' | 'late';

/** A command that did not come to an answer. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';

  constructor(
    readonly kind: CommandFailureKind,
    message: string,
    /** With which the server refused; undefined for the other kinds. */
    readonly code?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What an SDK's client threw. */
export function commandFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const code = iggyErrorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const kind = code !== undefined ? 'refused' : isOfConnection(error) ? 'broken' : 'garbled';
  return new CommandFailure(kind, message, code, { cause: error });
}

/** Whether a failure is the connection's: the SDK throws errors of its own, of Node's sockets, and what its decoders throw. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) return true;
  if (/^(ProtocolFrame|VsrEviction|VsrResponseTimeout)Error$/.test(error.name)) return true;
  return /\bconnect|\bclosed\b/i.test(error.message);
}

/** Codes of Iggy's server that the adapter knows how to answer. */
export const IggyCode = {
  RESOURCE_NOT_FOUND: 20,
  STREAM_ID_NOT_FOUND: 1009,
  STREAM_NAME_NOT_FOUND: 1010,
  STREAM_EXISTS: 1012,
  TOPIC_ID_NOT_FOUND: 2010,
  TOPIC_NAME_NOT_FOUND: 2011,
  TOPIC_EXISTS: 2013,
  TOO_MANY_PARTITIONS: 2015,
  PARTITION_NOT_FOUND: 3007,
  NO_PARTITIONS: 3008,
  NO_STORED_OFFSET: 3021,
} as const;

/** The server took the command and cannot say what became of it: the SDK has given up asking. */
const UNKNOWN_OUTCOME: ReadonlySet<number> = new Set([57, 59]);

const KINDS: ReadonlyMap<number, StoreErrorKind> = new Map<number, StoreErrorKind>([
  [IggyCode.RESOURCE_NOT_FOUND, 'notFound'],
  [IggyCode.STREAM_ID_NOT_FOUND, 'notFound'],
  [IggyCode.STREAM_NAME_NOT_FOUND, 'notFound'],
  [IggyCode.TOPIC_ID_NOT_FOUND, 'notFound'],
  [IggyCode.TOPIC_NAME_NOT_FOUND, 'notFound'],
  [IggyCode.PARTITION_NOT_FOUND, 'notFound'],
  [IggyCode.NO_PARTITIONS, 'notFound'],
  [IggyCode.NO_STORED_OFFSET, 'notFound'],
  [IggyCode.STREAM_EXISTS, 'exists'],
  [IggyCode.TOPIC_EXISTS, 'exists'],
  [IggyCode.TOO_MANY_PARTITIONS, 'full'],
  [1020, 'full'], // too many streams
  [2021, 'full'], // too many topics
  [3013, 'full'], // no more partition ids
  [5, 'unavailable'],
  [8, 'unavailable'], // disconnected
  [30, 'unavailable'], // stale client
  [40, 'unavailable'], // unauthenticated
  [41, 'unavailable'], // unauthorized: the operator may give the right
  [42, 'unavailable'], // invalid credentials
  [47, 'unavailable'], // user inactive
  [58, 'unavailable'], // not accepted for now
  [61, 'unavailable'],
  [63, 'unavailable'],
  [206, 'unavailable'],
]);

/** Whether the server does not let us in: trying again does not help before someone changes that. */
export function isRefusedEntry(error: unknown): boolean {
  const code = error instanceof CommandFailure ? error.code : iggyErrorCode(error);
  return code !== undefined && code >= 40 && code <= 47;
}

/** A failed command as the kit knows it. */
export function storeError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const failure = commandFailure(error);
  return new StoreError(kindOf(failure), `Iggy: ${what}: ${failure.message}`, { cause: error });
}

/** Whether a command that failed like this may have been done, or be done yet. */
export function mayBeDone({ kind, code }: CommandFailure): boolean {
  return (
    kind === 'broken' || kind === 'garbled' || kind === 'late' || (code !== undefined && UNKNOWN_OUTCOME.has(code))
  );
}

function kindOf(failure: CommandFailure): StoreErrorKind {
  if (mayBeDone(failure)) return 'outcomeUnknown';
  if (failure.code === undefined) return 'unavailable';
  return KINDS.get(failure.code) ?? 'invalid';
}

/** The same for what only reads: whatever broke, nothing was changed. */
export function readError(error: unknown, what: string): StoreError {
  const failure = storeError(error, what);
  if (failure.kind !== 'outcomeUnknown') return failure;
  return new StoreError('unavailable', failure.message, { cause: error });
}
