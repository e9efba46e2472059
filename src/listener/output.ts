import type { Socket } from 'node:net';
import type { ConnectionLimits, ConnectionTimeoutError } from './connection-limits.js';
import type { InFlightBytes } from './in-flight-bytes.js';
import type { Sender } from './small-responses.js';
import { releaseAll } from './response-buffer.js';
import type { SweepClock } from './sweep-clock.js';
import type { Turn } from './turn.js';
import { WriteTimeout } from './write-timeout.js';

/** Resources that the outputs of all connections share. */
export interface OutputShared {
  readonly limits: ConnectionLimits;
  readonly turn: Turn;
  readonly inFlight: InFlightBytes;
  readonly clock: SweepClock;
}

/** Callbacks to the connection that owns the output. */
export interface OutputOwner {
  /** The client has left bytes unread. Reading from it may have to pause. */
  onUnsent(): void;
  /** The client has read bytes. `waited` is true if some had been left unread. */
  onTaken(waited: boolean): void;
  /** The client has read no bytes within the timeout. */
  onTimeout(error: ConnectionTimeoutError): void;
  /** A `release` of record memory threw. */
  onReleaseFailed(error: unknown): void;
}

/** Responses below this size wait for those of other connections. */
const SMALL_BYTES = 16 * 1024;

/** Writes the responses of one socket and tracks the bytes that its client has not read. */
export class Output implements Sender {
  /** Whether the client has left the maximum number of bytes unread. */
  congested = false;
  private readonly socket: Socket;
  private readonly shared: OutputShared;
  private readonly owner: OutputOwner;
  private readonly timeout: WriteTimeout;

  constructor(socket: Socket, shared: OutputShared, owner: OutputOwner) {
    this.socket = socket;
    this.shared = shared;
    this.owner = owner;
    this.timeout = new WriteTimeout(socket, shared.limits.writeTimeoutMs, shared.inFlight);
  }

  /** Sends the responses of the current turn, all of which belong to this connection. */
  flush(): void {
    const { responses, outbox } = this.shared.turn;
    if (responses.length === 0) return;
    const { socket } = this;
    if (socket.destroyed) {
      this.drop();
      return;
    }
    const releases = responses.takeReleases();
    if (releases === null && socket.writableLength === 0 && responses.inOnePiece && responses.length < SMALL_BYTES) {
      outbox.put(this, responses.take() as Uint8Array);
      return;
    }
    // The outbox may have earlier responses of this connection. It is sent before the take, because the end of its hold
    // covers all taken responses.
    outbox.send();
    const bytes = responses.take();
    const written = releases === null ? this.onWritten : this.releasing(releases);
    if (Array.isArray(bytes)) {
      socket.cork();
      for (let index = 0; index < bytes.length - 1; index++) socket.write(bytes[index]!);
      socket.write(bytes[bytes.length - 1]!, written);
      socket.uncork();
      responses.recycle(socket.writableLength === 0);
    } else if (socket.writableLength > 0) {
      // The socket keeps the bytes, so they are copied. Otherwise one small response would pin the whole slab.
      socket.write(Buffer.from(bytes), written);
      responses.recycle(true);
    } else {
      socket.write(bytes, written);
      responses.recycle(socket.writableLength === 0);
    }
    this.look();
  }

  send(bytes: Uint8Array): boolean {
    this.socket.write(bytes, this.onWritten);
    if (this.socket.writableLength === 0) return true;
    this.look();
    return false;
  }

  /** Drops the responses of the current turn. */
  drop(): void {
    this.shared.turn.responses.discard((error) => this.owner.onReleaseFailed(error));
  }

  /** If memory is short, the next request waits until the client has read all earlier responses. */
  lookAtUnsent(): void {
    const { limits, inFlight } = this.shared;
    const most = inFlight.full ? 1 : limits.maxUnsentBytes;
    this.congested = this.socket.writableLength >= most;
  }

  /** Checks whether the client reads its responses. Returns true while some bytes are unread. */
  sweep(now: number): boolean {
    if (this.socket.writableLength === 0) return false;
    const tooSlow = this.timeout.check(now);
    if (tooSlow !== null) this.owner.onTimeout(tooSlow);
    return true;
  }

  private look(): void {
    this.lookAtUnsent();
    if (this.socket.writableLength === 0) return;
    this.timeout.arm(this.shared.clock.now);
    this.owner.onUnsent();
  }

  /** Called after each write, when the client has read bytes. */
  private readonly onWritten = (): void => {
    const waited = this.timeout.armed;
    if (this.socket.writableLength === 0) this.timeout.disarm();
    else this.timeout.restart(this.shared.clock.now);
    this.owner.onTaken(waited);
  };

  private releasing(releases: readonly (() => void)[]): () => void {
    return () => {
      releaseAll(releases, (error) => this.owner.onReleaseFailed(error));
      this.onWritten();
    };
  }
}
