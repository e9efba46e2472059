import type { Socket } from 'node:net';

/**
 * Time to wait for the client's end after ours. Closing earlier could reset the connection and discard unread
 * responses.
 */
const LINGER_MS = 2_000;

/** Ends our side of a socket and waits for the client to end its side. */
export class Ending {
  private readonly socket: Socket;
  private lingerMs = LINGER_MS;
  private timer: NodeJS.Timeout | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Closes without waiting for the client's end from now on. */
  hurry(): void {
    this.lingerMs = 0;
  }

  /** Ends our side after all output is written. */
  begin(input: 'open' | 'ended'): void {
    const { socket } = this;
    if (input === 'ended' || this.lingerMs === 0) {
      socket.destroySoon();
      return;
    }
    socket.end(() => {
      if (socket.destroyed) return;
      this.timer = setTimeout(() => {
        socket.destroy();
      }, this.lingerMs).unref();
    });
  }

  /** Called when the socket has closed. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
