import { type ConnectionLimits, ConnectionTimeoutError } from './connection-limits.js';
import type { BudgetMember, InFlightBytes } from './in-flight-bytes.js';

/** Number of bytes that a client must send within `frameTimeoutMs` while others wait for memory. */
const PACE_BYTES = 64 * 1024;

/** Checks, while memory is short, that the client being read makes progress with its frame. */
export class Pace {
  private readonly member: BudgetMember;
  private readonly limits: ConnectionLimits;
  private readonly inFlight: InFlightBytes;
  private receivedBytes = 0;
  /** Time since which the client has been read while others wait for memory. */
  private since = 0;
  /** Number of bytes that the client had sent by then. */
  private from = 0;

  constructor(member: BudgetMember, limits: ConnectionLimits, inFlight: InFlightBytes) {
    this.member = member;
    this.limits = limits;
    this.inFlight = inFlight;
  }

  received(bytes: number): void {
    this.receivedBytes += bytes;
  }

  /** Returns the error with which to close the connection; null while the client is fast enough. */
  check(now: number): ConnectionTimeoutError | null {
    const { frameTimeoutMs } = this.limits;
    const isFavoured = this.inFlight.full && this.inFlight.favours(this.member);
    if (!isFavoured || this.receivedBytes - this.from >= PACE_BYTES) {
      this.since = now;
      this.from = this.receivedBytes;
      return null;
    }
    if (now - this.since <= frameTimeoutMs) return null;
    const pace = `${String(PACE_BYTES)} bytes of a frame in ${String(frameTimeoutMs)} ms`;
    return new ConnectionTimeoutError('frameTimeoutMs', `with memory short, less than ${pace}`);
  }
}
