// What a held request costs in memory, against its bar: see README.md beside this file.
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import { inspect } from 'node:util';
import { createKafkaGateway } from '../../src/index.js';
import type { Address } from './ask.js';
import { frames, type HeldRequest, mebibyte, type MemoryCase } from './memory-cases.js';

interface Held {
  readonly request: HeldRequest;
  release(): void;
}

const arrivalMs = 30_000;
const warmUpBytes = 4 * 1024;

const collect = globalThis.gc;
if (collect === undefined) {
  console.error('The memory bench forces collections: node --expose-gc --import tsx test/bench/memory.ts');
  process.exit(2);
}

let held: Held | undefined;
const arrivals = new EventEmitter();

/** Every method of the backend: keeps the request until it is released. */
function hold(request: HeldRequest): Promise<never> {
  return new Promise((_, reject) => {
    held = { request, release: () => reject(new Error('released by the memory bench')) };
    arrivals.emit('arrival');
  });
}

const gateway = createKafkaGateway({
  listener: { host: '127.0.0.1', port: 0 },
  backend: { name: 'hold', produce: hold, fetch: hold, metadata: hold, listOffsets: hold, createTopics: hold },
});
let lastError = '';
gateway.on('protocolError', (event) => (lastError = inspect(event)));

/** Heap used and external memory (array buffers are part of it) once collections find nothing more. */
async function memoryInUse(): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < 20; attempt++) {
    collect?.();
    // Freed array buffers are given back by another thread: leave it time.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { heapUsed, external } = process.memoryUsage();
    if (attempt >= 3 && heapUsed + external > least - 16 * 1024) return Math.min(least, heapUsed + external);
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

/** Bytes in use beyond those before the frame. */
interface Growth {
  readonly whileHeld: number;
  /** When the handler has let go and the connection is closed. */
  readonly afterwards: number;
}

/** Sends the frame on a connection of its own. */
async function measure(address: Address, { name, frame, shape }: MemoryCase): Promise<Growth> {
  const socket = net.connect({ ...address, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  const before = await memoryInUse();
  const signal = AbortSignal.timeout(arrivalMs);
  const closed = once(socket, 'close', { signal }).catch(() => {});
  const arrival = once(arrivals, 'arrival', { signal }).catch(() => {});
  socket.write(frame);
  await Promise.race([arrival, closed]);
  if (held === undefined) throw new Error(`${name}: the request did not reach the handler. ${lastError}`);
  const during = await memoryInUse();
  shape(held.request); // after the measurement, so that the request was alive during it
  held.release();
  held = undefined;
  socket.destroy();
  await closed;
  const after = await memoryInUse();
  return { whileHeld: during - before, afterwards: after - before };
}

async function main(): Promise<boolean> {
  await gateway.listen();
  const address = gateway.endpoint;
  if (address === null) throw new Error('the gateway listens nowhere');
  let ok = true;
  try {
    console.log('frame                                    bytes        held  per byte     allowed  afterwards');
    for (const make of frames) {
      await measure(address, make(warmUpBytes)); // code and caches that stay are none of the frame's
      const memoryCase = make();
      const bytes = memoryCase.frame.length;
      const { whileHeld, afterwards } = await measure(address, memoryCase);
      const allowed = memoryCase.factor * bytes + mebibyte;
      const within = whileHeld <= allowed;
      ok &&= within;
      console.log(
        [
          memoryCase.name.padEnd(34),
          mebibytes(bytes),
          mebibytes(whileHeld),
          (whileHeld / bytes).toFixed(2).padStart(10),
          mebibytes(allowed),
          mebibytes(afterwards),
          within ? '  ok' : '  OVER',
        ].join(''),
      );
    }
  } finally {
    await gateway.close({ drainTimeoutMs: 0 });
  }
  return ok;
}

function mebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(2)} MiB`.padStart(12);
}

if (!(await main())) process.exitCode = 1;
