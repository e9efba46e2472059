import type { ContractBroker } from 'iggy-gateway-kafka/testing';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Cases that run at the same time, and restart one broker: it is restarted once all of them are that far. */
export class SharedRestart {
  readonly #restart: () => Promise<void>;
  /** Cases that have yet to ask for the restart, or to end without. */
  #expected = 0;
  #waiting: Waiting[] = [];

  constructor(restart: () => Promise<void>) {
    this.#restart = restart;
  }

  /** Runs cases, each of which starts one {@link broker}. */
  runAll(runs: readonly (() => Promise<void>)[]): readonly Promise<void>[] {
    this.#expected = runs.length;
    return runs.map((run) => {
      const running = run();
      // Told by the test of the case, whose turn may come later.
      running.catch(() => undefined);
      return running;
    });
  }

  /** The broker as one case sees it. */
  broker(bootstrap: string): ContractBroker {
    let hasAsked = false;
    return {
      bootstrap,
      restart: async () => {
        hasAsked = true;
        await new Promise<void>((resolve, reject) => {
          this.#waiting.push({ resolve, reject });
          this.#arrived();
        });
        return { bootstrap, close: () => undefined };
      },
      close: () => {
        if (!hasAsked) this.#arrived();
      },
    };
  }

  #arrived(): void {
    this.#expected--;
    if (this.#expected > 0) return;
    this.#restart().then(
      () => {
        for (const { resolve } of this.#waiting) resolve();
      },
      (error: unknown) => {
        for (const { reject } of this.#waiting) reject(error);
      },
    );
  }
}
