import { runScript } from './child.js';
import { type Spread, spread } from './statistics.js';

/** Milliseconds, one for each broker. */
export interface TestingTimes {
  /** From startBroker() to the first answer. */
  readonly answer: number[];
  /** From the start of a consumer of kafkajs until it has its partitions. */
  readonly group: number[];
}

export interface TestingResult {
  readonly answer: Spread;
  readonly group: Spread;
  readonly bar: number;
  /** Every one of them. */
  readonly ok: boolean;
}

/** The most that a broker for tests may take to its first answer, in a process that has started one before. */
const barMs = 100;

export async function measureTesting(brokers: number): Promise<TestingResult> {
  const times = await runScript<TestingTimes>('testing-broker.ts', [String(brokers)]);
  const answer = spread(times.answer);
  return { answer, group: spread(times.group), bar: barMs, ok: answer.max <= barMs };
}
