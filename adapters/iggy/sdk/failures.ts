import { CodedError } from '../../../src/contract/index.js';
import { StoreError, type StoreErrorCode } from '../../broker/index.js';
import { iggyErrorCode } from './client.js';

/**
 * How a command failed:
 *
 * - `REFUSED`: the server said no, and did nothing;
 * - `UNSENT`: there was no connection to send it on;
 * - `BROKEN`: the connection broke: it may have been done;
 * - `GARBLED`: the SDK could not read the answer: it may have been done;
 * - `LATE`: no answer came in time: it may have been done, or be done yet.
 */
export type IggyCommandErrorCode = 'REFUSED' | 'UNSENT' | 'BROKEN' | 'GARBLED' | 'LATE';

/** A command that did not come to an answer. */
export class IggyCommandError extends CodedError {
  override readonly name: string = 'IggyCommandError';
  /** For one that was late: when the SDK has let go of it. */
  settled: Promise<void> | undefined;

  constructor(
    readonly code: IggyCommandErrorCode,
    message: string,
    /** With which the server refused, at last or before the answer was late; undefined for the other kinds. */
    readonly errorCode?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What an SDK's client threw. */
export function commandFailure(error: unknown): IggyCommandError {
  if (error instanceof IggyCommandError) return error;
  const errorCode = iggyErrorCode(error);
  const text = said(error instanceof Error ? error.message : String(error));
  const message = errorCode === IggyCode.UNAUTHORIZED ? missingRight(error, text) : text;
  // The SDK's last attempt had less than 30 s: it had repeated the command, which the node did not take, up to then.
  if (error instanceof Error && error.name === 'VsrResponseTimeoutError' && !/ 30000 ms /.test(error.message)) {
    const cause = { cause: error };
    return new IggyCommandError('LATE', `the node did not take it for 30 s: ${text}`, IggyCode.NOT_ACCEPTED, cause);
  }
  const code = errorCode !== undefined ? 'REFUSED' : isOfConnection(error) ? 'BROKEN' : 'GARBLED';
  return new IggyCommandError(code, message, errorCode, { cause: error });
}

/** What the server said: the SDK puts its own tables around it, and leaves the gaps in the server's texts empty. */
function said(message: string): string {
  const [, name = '', code = '', text] =
    /^command: \{ code: \d+, name: (\w+) \} error: \{code: (\d+), message: (.*?)\.? \}$/s.exec(message) ?? [];
  if (text === undefined) return message;
  const what = name.startsWith('unknown_') ? '' : `${name}: `;
  return `${what}${text.replaceAll(/:? ?\{\d+\}/g, '')} (error ${code})`;
}

/** Whether a failure is the connection's: the SDK throws errors of its own, of Node's sockets, and what its decoders throw. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) return true;
  if (/^(ProtocolFrame|VsrEviction|VsrResponseTimeout)Error$/.test(error.name)) return true;
  // The pool of a client that was destroyed says that it is draining.
  return /connect|\bclosed\b|\bdraining\b/i.test(error.message);
}

/** Codes of Iggy's server that the adapter knows how to answer. */
export const IggyCode = {
  INVALID_COMMAND: 3,
  RESOURCE_NOT_FOUND: 20,
  UNAUTHORIZED: 41,
  /** The command may still be committed. */
  NOT_COMMITTED: 57,
  /** The node has not taken the command: it is not the primary, or there is none for now. */
  NOT_ACCEPTED: 58,
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

/** What there was wrong with the request itself: it is refused again, however often it comes. */
const INVALID: ReadonlySet<number> = new Set([
  ...[2, 3, 4, 6, 80, 81, 82, 83, 84], // command, format, identifier, values
  ...[1013, 1014, 1019, 2014, 2016, 2018, 2019], // names, ids and settings of streams and topics
  ...[4009, 4017, 4018, 4019, 4022, 4023, 4024, 4025, 4028, 4029, 4036, 4037, 4038, 4039, 4040, 4041, 4042, 4043],
  ...[4100, 4101, 10013], // offsets and times
]);

/** The right that a command of Iggy needs, by its code; each may be given for one stream or for all. */
const RIGHTS: ReadonlyMap<number, string> = new Map([
  [100, 'poll_messages'],
  [101, 'send_messages'],
  [120, 'poll_messages'],
  [200, 'read_streams'],
  [202, 'manage_streams'],
  [300, 'read_topics'],
  [301, 'read_topics'],
  [302, 'manage_topics'],
  [303, 'manage_topics'],
  [304, 'manage_topics'],
  [402, 'manage_topics'],
]);

/** The SDK's error names the command that the user has no right to. */
function missingRight(error: unknown, said: string): string {
  const command = typeof error === 'object' && error !== null && 'commandCode' in error ? error.commandCode : undefined;
  const right = RIGHTS.get(Number(command));
  return `the gateway's user lacks a right${right === undefined ? '' : `, ${right}`}: ${said}`;
}

const STORE_CODES: ReadonlyMap<number, StoreErrorCode> = new Map<number, StoreErrorCode>([
  [IggyCode.RESOURCE_NOT_FOUND, 'NOT_FOUND'],
  [IggyCode.STREAM_ID_NOT_FOUND, 'NOT_FOUND'],
  [IggyCode.STREAM_NAME_NOT_FOUND, 'NOT_FOUND'],
  [IggyCode.TOPIC_ID_NOT_FOUND, 'NOT_FOUND'],
  [IggyCode.TOPIC_NAME_NOT_FOUND, 'NOT_FOUND'],
  [IggyCode.PARTITION_NOT_FOUND, 'NOT_FOUND'],
  [IggyCode.NO_PARTITIONS, 'NOT_FOUND'],
  [IggyCode.NO_STORED_OFFSET, 'NOT_FOUND'],
  [IggyCode.STREAM_EXISTS, 'EXISTS'],
  [IggyCode.TOPIC_EXISTS, 'EXISTS'],
  [IggyCode.TOO_MANY_PARTITIONS, 'FULL'],
  [1020, 'FULL'], // too many streams
  [2021, 'FULL'], // too many topics
  [3013, 'FULL'], // no more partition ids
  [5, 'UNAVAILABLE'],
  [8, 'UNAVAILABLE'], // disconnected
  [30, 'UNAVAILABLE'], // stale client
  [40, 'UNAVAILABLE'], // unauthenticated
  [IggyCode.UNAUTHORIZED, 'UNAVAILABLE'], // the operator may give the right
  [42, 'UNAVAILABLE'], // invalid credentials
  [43, 'UNAVAILABLE'], // invalid username
  [44, 'UNAVAILABLE'], // invalid password
  [47, 'UNAVAILABLE'], // user inactive
  [53, 'UNAVAILABLE'], // invalid token
  [54, 'UNAVAILABLE'], // expired token
  [IggyCode.NOT_ACCEPTED, 'UNAVAILABLE'],
  [61, 'UNAVAILABLE'],
  [63, 'UNAVAILABLE'],
  [206, 'UNAVAILABLE'],
]);

/** Unauthenticated, wrong credentials, user inactive, token invalid or expired. */
const REFUSED_ENTRY: ReadonlySet<number> = new Set([40, 42, 43, 44, 47, 53, 54]);

/** Whether the server does not let us in, whatever is asked: trying again does not help before someone changes that. */
export function isRefusedEntry(error: unknown): boolean {
  const code = error instanceof IggyCommandError ? error.errorCode : iggyErrorCode(error);
  return code !== undefined && REFUSED_ENTRY.has(code);
}

/** Whether the server could not do it for now. The SDK has repeated the command for 30 s by then. The connection is fine. */
export function isTransient({ errorCode }: IggyCommandError): boolean {
  return errorCode === IggyCode.NOT_ACCEPTED || errorCode === IggyCode.NOT_COMMITTED;
}

/** A failed command as the kit knows it. */
export function storeError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const failure = commandFailure(error);
  return new StoreError(storeCodeOf(failure), `Iggy: ${what}: ${failure.message}`, { cause: error });
}

/**
 * Whether a command that failed like this may have been done, or be done yet: so may what the server refused with a code
 * of its insides, such as that it cannot write to its disk, or cannot say what became of it.
 */
export function mayBeDone({ code, errorCode }: IggyCommandError): boolean {
  if (code === 'REFUSED') return errorCode !== undefined && !STORE_CODES.has(errorCode) && !INVALID.has(errorCode);
  return code !== 'UNSENT';
}

function storeCodeOf(failure: IggyCommandError): StoreErrorCode {
  if (mayBeDone(failure)) return 'OUTCOME_UNKNOWN';
  if (failure.errorCode === undefined) return 'UNAVAILABLE';
  return STORE_CODES.get(failure.errorCode) ?? 'INVALID';
}

/** The same for what only reads: whatever broke, nothing was changed. */
export function readError(error: unknown, what: string): StoreError {
  const failure = storeError(error, what);
  if (failure.code !== 'OUTCOME_UNKNOWN') return failure;
  return new StoreError('UNAVAILABLE', failure.message, { cause: error });
}
