import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Server, startGateway } from './child.js';
import { processorSeconds } from './processor.js';
import { fetchRequest } from './rows.js';
import { type Spread, spread } from './statistics.js';

/** Shares of a core. */
export interface WaitingResult {
  readonly name: string;
  /** A broker with the connections, and nothing asked. */
  readonly idle: Spread;
  readonly waiting: Spread;
  readonly difference: number;
  readonly bar: number;
  readonly ok: boolean;
}

const fetches = 1000;
const bar = 0.01;
/** Longer than a round. */
const MAX_WAIT_MS = 600_000;
const settleMs = 500;
const name = 'empty';

/** What a thousand fetches cost that wait at the end of a partition, each on a connection of its own; null: unseen. */
export async function measureWaiting(rounds: number, seconds: number): Promise<WaitingResult | null> {
  const wide = { name, partitions: 1, batchBytes: 100, filled: false };
  const server = await startGateway('memory', { wide });
  try {
    if (server.pid === undefined || processorSeconds(server.pid) === undefined) return null;
    const request = fetchRequest({ name, count: 1 }, MAX_WAIT_MS);
    const idle: number[] = [];
    const waiting: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const sockets = await Promise.all(Array.from({ length: fetches }, () => connect(server)));
      await pause(settleMs);
      idle.push(await busy(server.pid, seconds));
      let answers = 0;
      for (const socket of sockets) socket.on('data', () => answers++).write(request);
      await pause(settleMs);
      waiting.push(await busy(server.pid, seconds));
      if (answers > 0) throw new Error(`${answers} of ${fetches} fetches did not wait`);
      for (const socket of sockets) socket.destroy();
    }
    const difference = spread(waiting.map((share, round) => share - idle[round]!)).median;
    const row = `${fetches.toLocaleString('en-US')} waiting fetches`;
    return { name: row, idle: spread(idle), waiting: spread(waiting), difference, bar, ok: difference < bar };
  } finally {
    await server.stop();
  }
}

async function connect({ address }: Server): Promise<net.Socket> {
  const socket = net.connect({ ...address, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Processor time over time. */
async function busy(pid: number, seconds: number): Promise<number> {
  const from = performance.now();
  const before = processorSeconds(pid) ?? NaN;
  await pause(seconds * 1000);
  return ((processorSeconds(pid) ?? NaN) - before) / ((performance.now() - from) / 1000);
}
