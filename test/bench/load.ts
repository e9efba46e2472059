// The load: a closed loop in a process of its own, made to be cheaper than any server. It writes bytes made beforehand,
// reads into one buffer that is used again and again, and counts answers by their length alone.
// A child process: takes jobs as messages, one at a time, and answers each with a result.
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Address, ask } from './ask.js';
import { processorSeconds } from './processor.js';

export interface LoadJob {
  readonly address: Address;
  readonly request: Uint8Array;
  readonly connections: number;
  readonly depth: number;
  readonly rampSeconds: number;
  readonly seconds: number;
  /** The server's process, where it is ours, to see how busy it was. */
  readonly serverPid: number | undefined;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** The share of the time in which the load had nothing to do. */
  readonly loadIdle: number;
  /** Processor time of the load per request, in microseconds. */
  readonly loadMicros: number;
  /** Processor time of the server over wall time; undefined where it cannot be seen. */
  readonly serverBusy: number | undefined;
  /** Processor time of the server per request, in microseconds. */
  readonly serverMicros: number | undefined;
}

export type LoadReply = { readonly result: LoadResult } | { readonly error: string };

const drainMs = 5_000;

async function run(job: LoadJob): Promise<LoadResult> {
  const request = Buffer.from(job.request);
  // All requests are the same bytes, so all answers have the length of this one.
  const answerBytes = (await ask(job.address, request)).length;
  const copies = Buffer.alloc(request.length * job.depth, request);
  const bursts = Array.from({ length: job.depth + 1 }, (_, count) => copies.subarray(0, count * request.length));
  const buffer = Buffer.allocUnsafe(256 * 1024);

  let answered = 0;
  let received = 0;
  let pending = job.connections * job.depth; // constant until the end: each answer is followed by a new request
  let stopping = false;
  let failure: Error | undefined;

  const connect = (): Promise<net.Socket> =>
    new Promise((resolve, reject) => {
      let partial = 0; // bytes of the answer under way
      const onBytes = (bytes: number): boolean => {
        received += bytes;
        partial += bytes;
        const answers = (partial / answerBytes) | 0;
        if (answers === 0) return true;
        partial -= answers * answerBytes;
        answered += answers;
        if (stopping) {
          pending -= answers;
          return true;
        }
        const burst = bursts[answers];
        if (burst === undefined) failure ??= new Error(`${answers} answers came at once to ${job.depth} requests`);
        else socket.write(burst);
        return true;
      };
      const socket = net.connect({ ...job.address, noDelay: true, onread: { buffer, callback: onBytes } });
      socket.once('connect', () => resolve(socket));
      socket.on('error', (error) => {
        failure ??= error;
        reject(error);
      });
      socket.on('end', () => (failure ??= new Error('the server closed a connection under load')));
    });

  const sockets = await Promise.all(Array.from({ length: job.connections }, connect));
  try {
    for (const socket of sockets) socket.write(copies);
    await pause(job.rampSeconds * 1000);
    const before = sample(answered, job.serverPid);
    await pause(job.seconds * 1000);
    const after = sample(answered, job.serverPid);

    // Every request must have its answer, of exactly that length: else the counting was wrong.
    stopping = true;
    for (let waited = 0; pending > 0 && waited < drainMs && failure === undefined; waited += 10) await pause(10);
    if (failure !== undefined) throw failure;
    if (pending !== 0 || received !== answered * answerBytes) {
      throw new Error(`answers are missing or not all of ${answerBytes} bytes, as the first was`);
    }
    return compare(before, after);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

interface Sample {
  readonly answered: number;
  readonly at: number;
  readonly loop: ReturnType<typeof performance.eventLoopUtilization>;
  readonly loadMicros: number;
  readonly serverSeconds: number | undefined;
}

function sample(answered: number, serverPid: number | undefined): Sample {
  const { user, system } = process.cpuUsage();
  return {
    answered,
    at: performance.now(),
    loop: performance.eventLoopUtilization(),
    loadMicros: user + system,
    serverSeconds: serverPid === undefined ? undefined : processorSeconds(serverPid),
  };
}

function compare(before: Sample, after: Sample): LoadResult {
  const seconds = (after.at - before.at) / 1000;
  const requests = after.answered - before.answered;
  const micros = after.loadMicros - before.loadMicros;
  // The loop counts time in which the process was ready but had no core, processor time counts helper threads: the
  // larger is the honest one.
  const loopBusy = performance.eventLoopUtilization(after.loop, before.loop).utilization;
  const busy = Math.max(loopBusy, micros / 1e6 / seconds);
  const serverSeconds =
    before.serverSeconds === undefined || after.serverSeconds === undefined
      ? undefined
      : after.serverSeconds - before.serverSeconds;
  return {
    requestsPerSecond: requests / seconds,
    loadIdle: Math.max(0, 1 - busy),
    loadMicros: micros / requests,
    serverBusy: serverSeconds === undefined ? undefined : serverSeconds / seconds,
    serverMicros: serverSeconds === undefined ? undefined : (serverSeconds * 1e6) / requests,
  };
}

process.on('message', (job: LoadJob) => {
  run(job).then(
    (result) => process.send?.({ result } satisfies LoadReply),
    (error: unknown) => process.send?.({ error: String(error) } satisfies LoadReply),
  );
});
process.once('disconnect', () => process.exit());
