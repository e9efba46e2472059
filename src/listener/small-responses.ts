import type { ResponseBuffer } from './response-buffer.js';

/** A connection with responses to send. */
export interface Sender {
  /** Writes bytes to the socket. Returns true if the socket accepted all of them. */
  send(bytes: Uint8Array): boolean;
}

/** Time in milliseconds after the first waiting response. The next response after this time causes all to be sent. */
const PATIENCE_MS = 0.5;
/** Maximum total size of the waiting responses in bytes. More would need another slab. */
const MAX_BYTES = 32 * 1024;

/**
 * Small answers of all connections, until the event loop has gone over the sockets that were readable: written one
 * after the other, they wake clients once, where each by itself would wake its client, and the kernel take turns with
 * us.
 */
export class Outbox {
  private readonly responses: ResponseBuffer;
  private senders: Sender[] = [];
  private answers: Uint8Array[] = [];
  private since = 0;
  private scheduled = false;

  constructor(responses: ResponseBuffer) {
    this.responses = responses;
  }

  /** Adds bytes just taken from the response buffer. The buffer keeps their memory until they are sent. */
  put(sender: Sender, bytes: Uint8Array): void {
    this.responses.hold();
    const last = this.senders.length - 1;
    const joined = this.senders[last] === sender ? join(this.answers[last]!, bytes) : null;
    if (joined !== null) {
      this.answers[last] = joined;
    } else {
      this.senders.push(sender);
      this.answers.push(bytes);
    }
    const now = performance.now();
    if (last < 0) this.since = now;
    if (this.responses.heldBytes > MAX_BYTES || now - this.since > PATIENCE_MS) this.send();
    else if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(this.onImmediate);
    }
  }

  /** Sends all waiting responses in order. */
  send(): void {
    const { senders, answers } = this;
    if (senders.length === 0) return;
    let sent = true;
    for (let index = 0; index < senders.length; index++) {
      if (!senders[index]!.send(answers[index]!)) sent = false;
    }
    senders.length = 0;
    answers.length = 0;
    this.responses.letGo(sent);
  }

  private readonly onImmediate = (): void => {
    this.scheduled = false;
    this.send();
  };
}

/**
 * Merges two adjacent pieces of the same memory, so that both need only one write. Returns null if they are not
 * adjacent.
 */
function join(first: Uint8Array, second: Uint8Array): Uint8Array | null {
  const { buffer, byteOffset, length } = first;
  if (byteOffset + length !== second.byteOffset || buffer !== second.buffer) return null;
  return Buffer.from(buffer, byteOffset, length + second.length);
}
