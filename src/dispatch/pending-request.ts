import type { AbortCause } from '../contract.js';
import { CLOSE, type DONE, type PendingFrame } from '../listener/frame-handler.js';
import type { Context } from './context.js';
import type { Route } from './firewall.js';
import type { Session } from './session.js';

type Outcome = { readonly value: unknown } | { readonly error: unknown };

const UNSETTLED: Outcome = { value: undefined };

/** A request whose handler has not answered yet. */
export class PendingRequest implements PendingFrame {
  readonly #session: Session;
  readonly #route: Route;
  readonly #request: unknown;
  readonly #context: Context;
  readonly #startedAt: number;
  readonly #answer: PromiseLike<unknown>;
  #timer: NodeJS.Timeout | null = null;
  #callback: (() => void) | null = null;
  #outcome: Outcome = UNSETTLED;
  #settled = false;
  #onEnd: (() => void) | null = null;

  constructor(
    session: Session,
    route: Route,
    request: unknown,
    context: Context,
    startedAt: number,
    answer: PromiseLike<unknown>,
  ) {
    this.#session = session;
    this.#route = route;
    this.#request = request;
    this.#context = context;
    this.#startedAt = startedAt;
    const { requestTimeoutMs } = session;
    if (requestTimeoutMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timeout();
      }, requestTimeoutMs).unref();
    }
    this.#answer = answer;
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
    return !this.#settled;
  }

  complete(): typeof DONE | typeof CLOSE {
    const outcome = this.#outcome;
    if (this.#session.closedByClient) {
      this.#late(outcome);
      return CLOSE;
    }
    return 'value' in outcome
      ? this.#session.answer(this.#route, this.#request, this.#context, this.#startedAt, outcome.value)
      : this.#session.fail(this.#route, this.#request, this.#context, this.#startedAt, outcome.error);
  }

  abort(cause: AbortCause): void {
    this.#context.abort(cause);
  }

  #settle(outcome: Outcome): void {
    // A thenable that is no promise may call back twice.
    if (this.#settled) return;
    this.#settled = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#outcome === UNSETTLED) {
      this.#outcome = outcome;
      this.#callback?.();
    } else {
      this.#late(outcome);
      this.#onEnd?.();
    }
    this.#session.settled(this);
  }

  /** The time is over: the client is answered now, whatever the handler still does. */
  #timeout(): void {
    this.#outcome = { error: this.#context.abort('timeout') };
    this.#callback?.();
  }

  /** The client was answered or is gone: what still comes is dropped. */
  #late(outcome: Outcome): void {
    if ('value' in outcome) this.#session.drop(this.#route, outcome.value);
    else this.#session.reportLate(this.#context, outcome.error);
  }
}
