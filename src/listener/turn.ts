import { Writer } from '../protocol/writer.js';
import { Outbox } from './outbox.js';

/** Work that becomes ready: frames to handle, or an answer to write. */
export interface Work {
  work(): void;
  /** It threw, which it should not: what it had written is gone. */
  failed(error: unknown): void;
}

/**
 * One piece of work at a time over all connections of a gateway. Work that becomes ready within other work (an append
 * that fulfils a waiting fetch) runs after it, never inside it. So one writer serves all, empty between two pieces.
 */
export class Turn {
  readonly writer: Writer = new Writer();
  readonly outbox: Outbox = new Outbox(this.writer);
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
    let next: Work | undefined = work;
    while (next !== undefined) {
      try {
        next.work();
      } catch (error) {
        this.giveUp(next, error);
      }
      next = this.ready.shift();
    }
    this.working = false;
  }

  /** What one connection has left in the writer must not reach the client of the next. */
  private giveUp(work: Work, error: unknown): void {
    this.writer.take();
    this.writer.takeReleases()?.forEach((giveBack) => giveBack());
    this.writer.recycle(true);
    work.failed(error);
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
