import { Writer } from '../protocol/writer.js';

/** Work that becomes ready: frames to handle, or an answer to write. */
export interface Work {
  work(): void;
}

/**
 * One piece of work at a time over all connections of a gateway. Work that becomes ready within other work (an append
 * that fulfils a waiting fetch) runs after it, never inside it. So one writer serves all, empty between two pieces.
 */
export class Turn {
  readonly writer: Writer = new Writer();
  private working = false;
  private readonly ready: Work[] = [];
  private loops = 0;
  private loopMarked = false;

  run(work: Work): void {
    if (this.working) {
      this.ready.push(work);
      return;
    }
    this.working = true;
    try {
      work.work();
      // Not a plain for-of: work may add to the list while it is gone through.
      while (this.ready.length > 0) this.ready.shift()?.work();
    } finally {
      this.working = false;
    }
  }

  /** A number that changes with every turn of the event loop in which it was asked for. */
  get loop(): number {
    if (!this.loopMarked) {
      this.loopMarked = true;
      setImmediate(() => {
        this.loops++;
        this.loopMarked = false;
      });
    }
    return this.loops;
  }
}
