import type { Socket } from 'node:net';
import { ConnectionTimeoutError } from './connection-limits.js';
import type { InFlightBytes } from './in-flight-bytes.js';

/** With memory short, a client that takes nothing for this long is given up earlier, in milliseconds. */
const SHORT_MEMORY_MS = 20_000;

/**
 * Checks that a client takes its answers, while there are some that it has not taken. Times are those of the sweeps.
 *
 * The socket's own timer does not fit: every read restarts it, and a paused socket reads on until its buffer is full. A
 * client that takes nothing could put it off by sending a byte now and then.
 */
export class WriteTimeout {
  private readonly socket: Socket;
  private readonly limitMs: number;
  private readonly inFlight: InFlightBytes;
  /** Infinity while the client has taken everything. */
  private timeoutMs = Infinity;
  private deadline = Infinity;
  /** {@link queuedBytes} at the last look. */
  private queued: number | undefined;

  constructor(socket: Socket, limitMs: number, inFlight: InFlightBytes) {
    this.socket = socket;
    this.limitMs = limitMs;
    this.inFlight = inFlight;
  }

  get armed(): boolean {
    return this.timeoutMs !== Infinity;
  }

  /** The client has left bytes untaken. */
  arm(now: number): void {
    if (!this.armed) this.queued = queuedBytes(this.socket);
    const timeoutMs = this.inFlight.full ? Math.min(this.limitMs, SHORT_MEMORY_MS) : this.limitMs;
    // Never to a longer one: memory that comes and goes would start the time again and again.
    if (timeoutMs >= this.timeoutMs) return;
    this.timeoutMs = timeoutMs;
    this.deadline = Math.min(this.deadline, now + timeoutMs);
  }

  /** The client has taken bytes, and left others. */
  restart(now: number): void {
    if (this.armed) this.deadline = now + this.timeoutMs;
  }

  /** The client has taken everything. */
  disarm(): void {
    this.timeoutMs = this.deadline = Infinity;
  }

  /** Returns the error to close the connection with; null while the client takes bytes often enough. */
  check(now: number): ConnectionTimeoutError | null {
    this.arm(now);
    const queued = queuedBytes(this.socket);
    if (queued !== this.queued) this.restart(now);
    this.queued = queued;
    if (now <= this.deadline) return null;
    const what = `the client took no byte of its answers for ${String(this.timeoutMs)} ms`;
    return new ConnectionTimeoutError('writeTimeoutMs', what);
  }
}

/** What Node.js has under a socket; under TLS there is another one, whose queue the client empties. */
interface Handle {
  readonly writeQueueSize?: number;
  readonly _parent?: Handle;
}

/**
 * Bytes of the write under way that the client has not taken. They shrink while it takes a long answer bit by bit, which
 * nothing public shows before the end: Node.js itself looks at this number before it emits `timeout`.
 */
function queuedBytes(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { readonly _handle: Handle | null };
  return (handle?._parent ?? handle)?.writeQueueSize;
}
