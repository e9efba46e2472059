import { CodedError } from '../protocol/errors.js';

/** Limits of one connection; times in milliseconds, sizes in bytes. */
export interface ConnectionLimits {
  readonly maxFrameBytes: number;
  readonly maxUnsentBytes: number;
  readonly idleTimeoutMs: number;
  readonly frameTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** A connection was given up because of a limit on time. */
export class ConnectionTimeoutError extends CodedError {
  override readonly name: string = 'ConnectionTimeoutError';
  readonly code = 'CONNECTION_TIMEOUT';

  /** @param limit - The option that sets the limit. */
  constructor(
    readonly limit: 'idleTimeoutMs' | 'frameTimeoutMs' | 'writeTimeoutMs',
    what: string,
  ) {
    super(what);
  }
}
