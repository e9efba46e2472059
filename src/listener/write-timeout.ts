import type { Socket } from 'node:net';
import { ConnectionTimeoutError } from './connection-limits.js';
import type { InFlightBytes } from './in-flight-bytes.js';

/** With memory short, a client that takes nothing for this long is given up earlier, in milliseconds. */
const SHORT_MEMORY_MS = 20_000;

/** Watches that a client takes its answers, while there are some that it has not taken. */
export class WriteTimeout {
  private readonly socket: Socket;
  private readonly limitMs: number;
  private readonly inFlight: InFlightBytes;
  private armedMs = 0;

  /** @param onExpired - Called when the client took no byte for the limit. */
  constructor(
    socket: Socket,
    limitMs: number,
    inFlight: InFlightBytes,
    onExpired: (error: ConnectionTimeoutError) => void,
  ) {
    this.socket = socket;
    this.limitMs = limitMs;
    this.inFlight = inFlight;
    socket.on('timeout', () => {
      if (socket.writableLength === 0) return;
      const what = `the client took no byte of its answers for ${String(this.armedMs)} ms`;
      onExpired(new ConnectionTimeoutError('writeTimeoutMs', what));
    });
  }

  get armed(): boolean {
    return this.armedMs !== 0;
  }

  arm(): void {
    const timeoutMs = this.inFlight.full ? Math.min(this.limitMs, SHORT_MEMORY_MS) : this.limitMs;
    // Never to a longer one: memory that comes and goes would start the time again and again.
    if (this.armed && timeoutMs >= this.armedMs) return;
    this.armedMs = timeoutMs;
    // The socket's own timer starts again while the peer takes bytes, even within one long write.
    this.socket.setTimeout(timeoutMs);
  }

  disarm(): void {
    if (this.armedMs === 0) return;
    this.armedMs = 0;
    this.socket.setTimeout(0);
  }
}
