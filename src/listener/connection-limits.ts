import { CodedError } from '../protocol/errors.js';

/** Limits of one connection; times in milliseconds, sizes in bytes. */
export interface ConnectionLimits {
  readonly maxFrameBytes: number;
  readonly maxUnsentBytes: number;
  readonly idleTimeoutMs: number;
  readonly frameTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** Reported when a connection is closed because a timeout expired. */
export class ConnectionTimeoutError extends CodedError {
  override readonly name: string = 'ConnectionTimeoutError';
  readonly code = 'CONNECTION_TIMEOUT';

  /** @param limit - The option that sets the timeout. */
  constructor(
    readonly limit: 'idleTimeoutMs' | 'frameTimeoutMs' | 'writeTimeoutMs',
    what: string,
  ) {
    super(what);
  }
}
