import { setTimeout as sleep } from 'node:timers/promises';
import type { Awaitable } from '../../../src/contract/index.js';

/** Milliseconds between two attempts. */
const PAUSE_MS = 20;

/** Repeats an attempt until it succeeds, for asynchronous effects. Rejects with its last error after `patienceMs`. */
export async function eventually<T>(attempt: () => Awaitable<T>, patienceMs: number): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
