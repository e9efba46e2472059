import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { DONE, type FrameHandler } from '../../../src/listener/frame-handler.js';
import {
  type Accept,
  Listener,
  type ListenerSettings,
  TooManyConnectionsError,
} from '../../../src/listener/listener.js';
import { expectQuietProcess } from '../../support/quiet-process.js';

expectQuietProcess();

const SETTINGS: ListenerSettings = {
  host: '127.0.0.1',
  port: 0,
  backlog: 100,
  maxConnections: 3,
  maxFrameBytes: 1000,
  maxInFlightBytes: 100_000,
  maxUnsentBytes: 10_000,
  idleTimeoutMs: 60_000,
  frameTimeoutMs: 60_000,
  writeTimeoutMs: 60_000,
};

/** Sends every frame back as it is: the least that can stand behind a listener. */
class Echo implements FrameHandler {
  readonly log: string[] = [];

  constructor(
    readonly listener: Listener,
    readonly onGone: () => void,
    readonly greet: () => PromiseLike<void> | null = () => null,
  ) {}

  connect(): PromiseLike<void> | null {
    return this.greet();
  }

  handle(bytes: Buffer, start: number, end: number): typeof DONE {
    const { responses } = this.listener.turn;
    const { writer } = responses;
    responses.beginFrame();
    for (let at = start; at < end; at++) writer.int8((bytes[at]! << 24) >> 24);
    responses.endFrame();
    return DONE;
  }

  badFrame(error: Error): void {
    this.log.push(`bad frame: ${error.message}`);
  }

  abort(cause: string): void {
    this.log.push(`abort: ${cause}`);
  }

  releaseFailed(error: unknown): void {
    this.log.push(`release failed: ${String(error)}`);
  }

  failed(error: Error): void {
    this.log.push(`failed: ${error.message}`);
  }

  closed(): void {
    this.log.push('closed');
    this.onGone();
  }
}

const FRAME = Buffer.from([0, 0, 0, 2, 0x68, 0x69]);
const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Rig {
  readonly listener: Listener;
  readonly errors: Error[];
  readonly handlers: Echo[];
  readonly refused: TooManyConnectionsError[];
  readonly accept: Accept;
}

function makeListener(settings: Partial<ListenerSettings> = {}, greet?: () => PromiseLike<void> | null): Rig {
  const errors: Error[] = [];
  const handlers: Echo[] = [];
  const refused: TooManyConnectionsError[] = [];
  const listener = new Listener({ ...SETTINGS, ...settings }, (error) => void errors.push(error));
  undo.push(async () => {
    await listener.unbind();
    listener.destroy();
    listener.stop();
    expect(await listener.empty(5000)).toBe(true);
    expect(listener.inFlight.used).toBe(0);
  });
  const accept: Accept = {
    handler(_socket, onGone) {
      const handler = new Echo(listener, onGone, greet);
      handlers.push(handler);
      return handler;
    },
    refused: (_socket, error) => void refused.push(error),
  };
  return { listener, errors, handlers, refused, accept };
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  undo.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function echoed(socket: Socket): Promise<Buffer> {
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer;
}

/** TCP sockets that are open in this process, of clients and of listeners. */
function countSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** Whether a port can be had again. */
async function bindable(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

test('connections that come between bind and accept wait, and lose nothing', async () => {
  const { listener, accept } = makeListener();
  const { port } = await listener.bind();
  const early = await connectTo(port);
  early.write(FRAME);
  const later = await connectTo(port);
  await new Promise((resolve) => setImmediate(resolve));
  listener.accept(accept);
  expect(await echoed(early)).toEqual(FRAME);
  later.write(FRAME);
  expect(await echoed(later)).toEqual(FRAME);
});

test('a client that is gone before accept harms nobody and is no connection', async () => {
  const { listener, handlers, accept } = makeListener();
  const { port } = await listener.bind();
  const early = await connectTo(port);
  const other = await connectTo(port);
  const sockets = countSockets();
  early.resetAndDestroy();
  // Its own end and the listener's are closed.
  await vi.waitUntil(() => countSockets() === sockets - 2);
  listener.accept(accept);
  other.write(FRAME);
  expect(await echoed(other)).toEqual(FRAME);
  expect(listener.connections).toBe(1);
  expect(handlers).toHaveLength(1);
});

test('a socket that is closed already is no connection', async () => {
  const { listener, handlers, accept } = makeListener();
  const { port } = await listener.bind();
  listener.accept(accept);
  const dead = await connectTo(port);
  dead.destroy();
  await once(dead, 'close');
  await vi.waitUntil(() => listener.connections === 0);
  const before = handlers.length;
  listener.adopt(dead);
  expect(listener.connections).toBe(0);
  expect(handlers).toHaveLength(before);
});

test('unbind closes those who wait for accept, and frees the port', async () => {
  const { listener } = makeListener();
  const { port } = await listener.bind();
  const early = await connectTo(port);
  await new Promise((resolve) => setImmediate(resolve));
  await listener.unbind();
  await once(early, 'close');
  expect(await bindable(port)).toBe(true);
});

test('unbind without bind is nothing', async () => {
  const { listener } = makeListener();
  await expect(listener.unbind()).resolves.toBeUndefined();
});

test('a port that is taken makes bind reject, and is told once', async () => {
  const first = makeListener();
  const { port } = await first.listener.bind();
  const second = makeListener({ port });
  await expect(second.listener.bind()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(second.errors).toEqual([]);
});

test('one connection too many is closed and told, and a place becomes free again', async () => {
  const { listener, refused, handlers, accept } = makeListener({ maxConnections: 2 });
  const { port } = await listener.bind();
  listener.accept(accept);
  const [first, second] = [await connectTo(port), await connectTo(port)];
  await vi.waitUntil(() => listener.connections === 2);
  const third = await connectTo(port);
  await once(third, 'close');
  expect(refused).toHaveLength(1);
  expect(refused[0]).toBeInstanceOf(TooManyConnectionsError);
  expect(refused[0]!.maxConnections).toBe(2);
  for (const socket of [first, second]) {
    socket.write(FRAME);
    expect(await echoed(socket)).toEqual(FRAME);
  }
  first.destroy();
  await vi.waitUntil(() => listener.connections === 1);
  const fourth = await connectTo(port);
  fourth.write(FRAME);
  expect(await echoed(fourth)).toEqual(FRAME);
  expect(handlers).toHaveLength(3);
});

test('what comes before the greeting is over is answered after it', async () => {
  let greeted!: () => void;
  const greeting = new Promise<void>((resolve) => (greeted = resolve));
  const { listener, accept } = makeListener({}, () => greeting);
  const { port } = await listener.bind();
  listener.accept(accept);
  const socket = await connectTo(port);
  socket.write(FRAME);
  await vi.waitUntil(() => listener.inFlight.used === FRAME.length);
  greeted();
  expect(await echoed(socket)).toEqual(FRAME);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
])('a greeting that %s closes its connection and no other', async (_, greet: () => PromiseLike<void>) => {
  let rude = true;
  const { listener, handlers, accept } = makeListener({}, () => (rude ? greet() : null));
  const { port } = await listener.bind();
  listener.accept(accept);
  const first = await connectTo(port);
  await once(first, 'close');
  expect(handlers[0]!.log).toEqual(['closed']);
  rude = false;
  const second = await connectTo(port);
  second.write(FRAME);
  expect(await echoed(second)).toEqual(FRAME);
});

test('a length that cannot be is told, after what came before it was answered; the rest is dropped', async () => {
  const { listener, handlers, accept } = makeListener();
  const { port } = await listener.bind();
  listener.accept(accept);
  const socket = await connectTo(port);
  socket.write(Buffer.concat([FRAME, Buffer.from([0xff, 0xff, 0xff, 0xff]), FRAME]));
  expect(await echoed(socket)).toEqual(FRAME);
  await once(socket, 'close');
  await vi.waitUntil(() => handlers[0]!.log.length === 2);
  expect(handlers[0]!.log).toEqual(['bad frame: a frame of -1 bytes; 1 to 1000 are allowed', 'closed']);
});

test('empty settles with true when the last connection is gone, or with false when the time is over', async () => {
  const { listener, accept } = makeListener();
  expect(await listener.empty(0)).toBe(true);
  const { port } = await listener.bind();
  listener.accept(accept);
  const socket = await connectTo(port);
  await vi.waitUntil(() => listener.connections === 1);
  expect(await listener.empty(1)).toBe(false);
  const gone = listener.empty(60_000);
  socket.destroy();
  expect(await gone).toBe(true);
});

test('a handler that throws loses its own connection, and what it had written reaches nobody', async () => {
  const { listener, handlers, accept } = makeListener();
  const { port } = await listener.bind();
  listener.accept({
    ...accept,
    handler(socket, onGone) {
      const handler = accept.handler(socket, onGone);
      const echo = handler.handle.bind(handler);
      const handle: FrameHandler['handle'] = (bytes, start, end) => {
        const outcome = echo(bytes, start, end);
        if (bytes[start] === 0xff) throw new Error('boom');
        return outcome;
      };
      return Object.assign(handler, { handle });
    },
  });
  const [bad, good] = await Promise.all([connectTo(port), connectTo(port)]);
  bad.write(Buffer.of(0, 0, 0, 1, 0xff));
  await once(bad, 'close');
  expect(bad.bytesRead).toBe(0);
  expect(handlers.flatMap(({ log }) => log)).toContain('failed: boom');
  good.write(Buffer.of(0, 0, 0, 1, 7));
  expect(await echoed(good)).toEqual(Buffer.of(0, 0, 0, 1, 7));
});
