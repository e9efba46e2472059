import type { IggyMessage } from './client.js';

/** What one answer should have at most, of the 64 MiB that the SDK takes: sizes are foreseen, and not known. */
const SAFE_BYTES = 16 * 1024 * 1024;
const MAX_MESSAGES = 10_000;
const FIRST_MESSAGES = 100;
/** By how much more than last time is asked for. */
const GROWTH = 4;
/** What an answer has for each message besides payload and headers. */
const OVERHEAD_BYTES = 48;

/**
 * How many messages a poll of a partition asks for: Iggy counts messages, not bytes, and an answer that is too long breaks
 * the connection. So it begins with few, goes by the sizes seen, and grows step by step.
 */
export class PollSize {
  #average = 1024;
  #longest = 1024;
  #most = FIRST_MESSAGES;

  /** Messages to ask for where so many bytes are wanted. */
  count(wantedBytes: number): number {
    const wanted = Math.ceil(Math.min(wantedBytes, SAFE_BYTES) / this.#average);
    return Math.max(1, Math.min(this.#most, wanted, Math.floor(SAFE_BYTES / this.#longest)));
  }

  /** These have been polled, one at least. */
  polled(messages: readonly IggyMessage[]): void {
    const { length: count } = messages;
    let bytes = 0;
    let longest = 0;
    for (const { payload, headers } of messages) {
      const length = payload.length + headers.userHeadersLength + OVERHEAD_BYTES;
      bytes += length;
      if (length > longest) longest = length;
    }
    this.#average = (this.#average + bytes / count) / 2;
    this.#longest = Math.max(longest, this.#longest * 0.9);
    this.#most = Math.min(MAX_MESSAGES, Math.max(this.#most, count * GROWTH));
  }

  /** A message of this size is in the log. */
  appended(bytes: number): void {
    if (bytes > this.#longest) this.#longest = bytes;
  }

  /** An answer to so many did not come: fewer next time. */
  failed(count: number): void {
    this.#most = Math.max(1, Math.floor(count / GROWTH / GROWTH));
  }
}
