import type { CLOSE, DONE, PendingFrame } from '../listener/frame-handler.js';

/** How a handler settled. */
export type Settlement = { readonly value: unknown } | { readonly error: unknown };

/** The call whose handler has returned a promise. */
export interface AwaitingCall {
  /** Aborts the request; returns the reason. */
  abort(cause: 'timeout'): unknown;
  /** Encodes the response. */
  complete(settlement: Settlement): typeof DONE | typeof CLOSE;
  /** Drops what a handler returned or threw after its request had timed out. */
  dropLate(settlement: Settlement): void;
  /** The handler has settled. Called last. */
  settled(): void;
}

const UNSETTLED: Settlement = { value: undefined };

/** The answer of a handler that has not settled yet. Settles once, or times out once. */
export class PendingAnswer implements PendingFrame {
  readonly #call: AwaitingCall;
  readonly #answer: PromiseLike<unknown>;
  #timer: NodeJS.Timeout | null = null;
  #callback: (() => void) | null = null;
  /** The result that the client receives: that of the handler, or the timeout. */
  #settlement: Settlement = UNSETTLED;
  #isSettled = false;
  #onEnd: (() => void) | null = null;

  /** @param timeoutMs - 0 for no limit. */
  constructor(call: AwaitingCall, answer: PromiseLike<unknown>, timeoutMs: number) {
    this.#call = call;
    this.#answer = answer;
    if (timeoutMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timeout();
      }, timeoutMs).unref();
    }
  }

  whenSettled(callback: () => void): void {
    this.#callback = callback;
    try {
      this.#answer.then(
        (value) => {
          this.#settle({ value });
        },
        (error: unknown) => {
          this.#settle({ error });
        },
      );
    } catch (error) {
      this.#settle({ error });
    }
  }

  goesOn(onEnd: () => void): boolean {
    this.#onEnd = onEnd;
    return !this.#isSettled;
  }

  complete(): typeof DONE | typeof CLOSE {
    return this.#call.complete(this.#settlement);
  }

  #settle(settlement: Settlement): void {
    // A thenable that is not a promise may call back twice.
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#settlement === UNSETTLED) {
      this.#settlement = settlement;
      this.#callback?.();
    } else {
      this.#call.dropLate(settlement);
      this.#onEnd?.();
    }
    this.#call.settled();
  }

  /** Answers the client now. The handler continues. */
  #timeout(): void {
    this.#settlement = { error: this.#call.abort('timeout') };
    this.#callback?.();
  }
}
