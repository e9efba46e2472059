import { isPromise } from '../../../src/contract/index.js';
import type { Kit } from '../kit.js';
import { type FetchPass, type FetchReader, isEnough, releasePass } from './fetch-read.js';

/** How long a fetch waits, and for what. */
export interface FetchWait {
  readonly minBytes: number;
  readonly maxWaitMs: number;
  /** Whether records may have come since the last look, for the store took its time. */
  readonly lookAtOnce: boolean;
}

/**
 * Waits until there is enough to read, something goes wrong or the time is over; whichever comes first ends it. Costs
 * one timer, and a listener for each partition.
 *
 * Rejects with the signal's reason when nobody waits for the answer any more.
 */
export function waitForRecords(
  kit: Kit,
  reader: FetchReader,
  { minBytes, maxWaitMs, lookAtOnce }: FetchWait,
  signal: AbortSignal,
): Promise<FetchPass> {
  return new Promise((resolve, reject) => {
    let over = false;
    let timeIsUp = false;
    let looking = false;
    let again = false;
    const stops: (() => void)[] = [];

    const end = (): void => {
      over = true;
      for (const stop of stops) stop();
      signal.removeEventListener('abort', abort);
    };
    const fail = (error: Error): void => {
      if (over) return;
      end();
      reject(error);
    };
    const abort = (): void => {
      fail(signal.reason as Error);
    };
    const judge = (pass: FetchPass): void => {
      looking = false;
      if (over) {
        releasePass(pass);
      } else if (timeIsUp || isEnough(pass, minBytes)) {
        end();
        resolve(pass);
      } else {
        releasePass(pass);
        if (again) look();
      }
    };
    const look = (): void => {
      if (over) return;
      again = looking;
      if (looking) return;
      looking = true;
      try {
        const pass = reader.pass();
        if (isPromise(pass)) pass.then(judge, fail);
        else judge(pass);
      } catch (error) {
        fail(error as Error);
      }
    };
    let noticed = false;
    // Appends of one chunk of requests are looked at together, and never within the append itself.
    const changed = (): void => {
      if (noticed) return;
      noticed = true;
      queueMicrotask(() => {
        noticed = false;
        look();
      });
    };

    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort);
    for (const partition of reader.partitions) stops.push(partition.onChange(changed));
    stops.push(
      kit.clock.after(maxWaitMs, () => {
        timeIsUp = true;
        look();
      }),
    );
    if (lookAtOnce) look();
  });
}
