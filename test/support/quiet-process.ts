import { afterAll, afterEach, beforeAll, expect } from 'vitest';

const EVENTS = ['uncaughtException', 'unhandledRejection', 'warning'] as const;

/** Something that came through to the process. */
export interface Noise {
  readonly event: string;
  readonly what: unknown;
}

/**
 * For every test of the file: nothing is thrown into the process, no rejection is left alone, nothing is warned of.
 * Returns what has come since the last test, for one that wants to know earlier.
 */
export function expectQuietProcess(): readonly Noise[] {
  const noise: Noise[] = [];
  const listeners = EVENTS.map((event) => ({ event, listener: (what: unknown) => void noise.push({ event, what }) }));
  beforeAll(() => {
    for (const { event, listener } of listeners) process.on(event, listener);
  });
  const expectNone = async (): Promise<void> => {
    // Warnings and rejections come a turn after what caused them.
    await new Promise((resolve) => setImmediate(resolve));
    expect(noise.splice(0)).toEqual([]);
  };
  afterEach(expectNone);
  // Once more, for what comes of the last test's end.
  afterAll(async () => {
    await expectNone();
    for (const { event, listener } of listeners) process.off(event, listener);
  });
  return noise;
}
