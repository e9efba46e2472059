import type { ResponseBuffer } from './response-buffer.js';

/** Who has answers to send. */
export interface Sender {
  /** Hands bytes to the socket; true when it took them all. */
  send(bytes: Uint8Array): boolean;
}

/** With the first answer that comes so long after the first one that waits, all are sent, in milliseconds. */
const PATIENCE_MS = 0.5;
/** How many bytes of answers wait at most: more would need another piece of memory. */
const MAX_BYTES = 32 * 1024;

/**
 * Small answers of all connections, until the event loop has gone over the sockets that were readable: written one after
 * the other, they wake clients once, where each by itself would wake its client, and the kernel take turns with us.
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

  /** Adds bytes that were just taken from the response buffer, which holds their memory until they are sent. */
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

  /** Sends what there is, in the order in which it came. */
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

/** Two pieces of the same memory as one, where the second begins at the end of the first: one write for both. */
function join(first: Uint8Array, second: Uint8Array): Uint8Array | null {
  const { buffer, byteOffset, length } = first;
  if (byteOffset + length !== second.byteOffset || buffer !== second.buffer) return null;
  return Buffer.from(buffer, byteOffset, length + second.length);
}
