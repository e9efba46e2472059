import type { Faults } from 'iggy-gateway-kafka/testing';

/** How often something happened, and out of how many. */
export interface Share {
  cut: number;
  of: number;
}

export interface Cuts {
  readonly produce: Share;
  readonly fetch: Share;
}

/** One in so many answers is not given. */
const ONE_IN = 20;

/** Cuts connections at random once the backend has done what it was asked, before the answer is written. */
export function cutAtRandom(faults: Faults, random: () => number): Cuts {
  const cuts: Cuts = { produce: { cut: 0, of: 0 }, fetch: { cut: 0, of: 0 } };
  for (const api of ['produce', 'fetch'] as const) {
    const share = cuts[api];
    const where = (): boolean => {
      share.of++;
      const isCut = random() * ONE_IN < 1;
      if (isCut) share.cut++;
      return isCut;
    };
    faults.cut(api, { when: 'after', times: Infinity, where });
  }
  return cuts;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
