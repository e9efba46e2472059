import type { PendingFrame } from './frame-handler.js';

/** At this number, no further frame of the client is handled, so that overdue handlers cannot accumulate. */
const MAX_OVERDUE = 4;

/** Handlers of one connection that continue after their request timed out. Their frames stay in memory. */
export class OverdueHandlers {
  private count = 0;
  /** Total size of their frames in bytes. */
  bytes = 0;
  private readonly onSettled: () => void;

  /** @param onSettled - Called for each handler that has settled. */
  constructor(onSettled: () => void) {
    this.onSettled = onSettled;
  }

  get isFull(): boolean {
    return this.count >= MAX_OVERDUE;
  }

  /** Counts the handler of a frame that is being completed if it continues. */
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
