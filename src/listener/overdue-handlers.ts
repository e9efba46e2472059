import type { PendingFrame } from './frame-handler.js';

/** With this many, no further frame of the client is handled, or it would gather more and more of them. */
const MAX_OVERDUE = 4;

/** Handlers of one connection that go on after their request was answered by a time-out. Their frames stay in memory. */
export class OverdueHandlers {
  private count = 0;
  /** Bytes of their frames. */
  bytes = 0;
  private readonly onSettled: () => void;

  /** @param onSettled - Called for each handler that has settled. */
  constructor(onSettled: () => void) {
    this.onSettled = onSettled;
  }

  get isFull(): boolean {
    return this.count >= MAX_OVERDUE;
  }

  /** Counts the handler of a frame that is being completed, if it goes on. */
  add(frame: PendingFrame, bytes: number): void {
    const goesOn = frame.goesOn?.(() => {
      this.count--;
      this.bytes -= bytes;
      this.onSettled();
    });
    if (goesOn !== true) return;
    this.count++;
    this.bytes += bytes;
  }
}
