import type { DialTarget } from './addresses.js';
import { type IggyCommandError, IggyCode, isRefusedEntry } from './failures.js';

/** Reports failures of connections to the operator: each kind once, until commands are answered again. */
export class ConnectionReports {
  readonly #warn: (message: string) => void;
  /** What was reported since commands were last answered: that connections fail, that the server does not let us in. */
  readonly #reported = new Set<string>();
  /** Messages about missing rights. */
  readonly #lacking = new Set<string>();
  #lastFailure = 'there is no connection';

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Whether a failure was reported after which no command was answered yet. */
  get isTroubled(): boolean {
    return this.#reported.size > 0;
  }

  get lastFailure(): string {
    return this.#lastFailure;
  }

  /**
   * A connection has failed.
   *
   * @param pool - State of the pool: the caller of `open` gets a refusal as a rejection.
   */
  failed(failure: IggyCommandError, target: DialTarget | null, pool: 'opening' | 'open' | 'closed'): void {
    this.#lastFailure = failure.message;
    if (failure.errorCode === IggyCode.UNAUTHORIZED) {
      this.lacks(failure);
      return;
    }
    const isRefused = isRefusedEntry(failure);
    const what = isRefused ? 'the server does not let us in' : 'a connection has failed';
    if (this.#reported.has(what) || pool === 'closed' || (isRefused && pool === 'opening')) return;
    this.#reported.add(what);
    this.#warn(`Iggy: ${what}${labelled(' at ', target)}: ${failure.message}`);
  }

  /** The user lacks a right. Reported once: whoever needs the right asks for it again and again. */
  lacks({ message }: IggyCommandError): void {
    if (this.#lacking.has(message)) return;
    this.#lacking.add(message);
    this.#warn(`Iggy: ${message}`);
  }

  /** A command was answered after reported failures. */
  recovered(target: DialTarget | null): void {
    this.#reported.clear();
    this.#warn(`Iggy: commands are answered again${labelled(', by ', target)}`);
  }
}

function labelled(preposition: string, target: DialTarget | null): string {
  return target === null || target.label === '' ? '' : preposition + target.label;
}
