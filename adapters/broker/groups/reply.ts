import type { Awaitable } from '../../../src/contract/index.js';

/** What an answer is waited for with; made only when there is a wait. */
export interface Waiting {
  readonly signal: AbortSignal;
}

/** The answer to one request, given at once or later. Made without a promise where it comes at once. */
export class Reply<Response extends object> {
  #response: Response | null = null;
  #resolve: ((response: Response) => void) | null = null;

  /** Answers; only the first answer counts. */
  answer(response: Response): void {
    if (this.#response !== null) return;
    this.#response = response;
    this.#resolve?.(response);
    this.#resolve = null;
  }

  /**
   * The answer, or a promise of it. When the client goes first, the promise is rejected with the signal's reason and
   * nothing is kept of it: a group may wait for long, and only the group's own state says for whom.
   */
  take(context: Waiting): Awaitable<Response> {
    if (this.#response !== null) return this.#response;
    const { signal } = context;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#resolve = null;
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      this.#resolve = (response): void => {
        signal.removeEventListener('abort', abort);
        resolve(response);
      };
    });
  }
}
