import { Outbox } from './small-responses.js';
import { ResponseBuffer } from './response-buffer.js';

/** Work that becomes ready: frames to handle, or a response to write. */
export interface Work {
  work(): void;
  /** It threw, which it should not. Its responses are dropped. */
  failed(error: unknown): void;
}

/**
 * One piece of work at a time over all connections of a gateway. Work that becomes ready within other work (an append
 * that fulfils a waiting fetch) runs after it, never inside it. So one response buffer serves all connections; between
 * two pieces of work it is empty.
 */
export class Turn {
  readonly responses: ResponseBuffer = new ResponseBuffer();
  readonly outbox: Outbox = new Outbox(this.responses);
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

  /** The responses of one connection must not reach the client of the next. */
  private giveUp(work: Work, error: unknown): void {
    const failures = [error];
    this.responses.discard((releaseError) => failures.push(releaseError));
    for (const failure of failures) work.failed(failure);
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
