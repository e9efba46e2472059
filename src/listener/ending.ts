import type { Socket } from 'node:net';

/** How long we wait, after our end, for the client's: a reset would take back responses that it has not read. */
const LINGER_MS = 2_000;

/** The end of our side of a socket, and the wait for the client's. */
export class Ending {
  private readonly socket: Socket;
  private lingerMs = LINGER_MS;
  private timer: NodeJS.Timeout | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** From now on, closes without waiting for the client's end. */
  hurry(): void {
    this.lingerMs = 0;
  }

  /** Ends our side after everything is written. */
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

  /** The socket is closed. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
