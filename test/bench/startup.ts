import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { askWhenUp, freePort } from './ask.js';
import { spawnGateway, stop } from './child.js';
import { apiVersionsRequest } from './rows.js';

/** Milliseconds from starting the process, one per round. */
export interface StartupResult {
  /** An empty Node process, to its end. */
  readonly empty: readonly number[];
  /** The gateway, to its first answer. */
  readonly gateway: readonly number[];
}

/** The most that the gateway may need beyond an empty process. */
export const startupBarMs = 150;

export async function measureStartup(rounds: number): Promise<StartupResult> {
  const empty: number[] = [];
  const gateway: number[] = [];
  // One of each first, unmeasured: it brings the files into the page cache.
  await startEmpty();
  await startToAnswer();
  for (let round = 0; round < rounds; round++) {
    const inTurn = [async () => empty.push(await startEmpty()), async () => gateway.push(await startToAnswer())];
    for (const measure of round % 2 === 0 ? inTurn : inTurn.reverse()) await measure();
  }
  return { empty, gateway };
}

async function startEmpty(): Promise<number> {
  const start = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - start;
}

async function startToAnswer(): Promise<number> {
  const port = await freePort();
  const start = performance.now();
  const child = spawnGateway(port);
  try {
    await askWhenUp(child, { host: '127.0.0.1', port }, apiVersionsRequest);
    return performance.now() - start;
  } finally {
    await stop(child);
  }
}
