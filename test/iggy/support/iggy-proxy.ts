import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to the server on which connections can be cut, held up and slowed down. */
export interface IggyProxy {
  readonly port: number;
  /** Ends all connections; new ones are taken. */
  cut(): void;
  /**
   * Lets nothing through any more, in either direction, once so many more bytes have been; connections are taken, and
   * nothing follows.
   */
  hold(afterBytes?: number): void;
  /** Lets through what was held, and all that follows. */
  release(): void;
  /** Lets everything through so many milliseconds later. */
  slow(ms: number): void;
  close(): Promise<void>;
}

/** One direction of a connection: bytes that are held come out later, in their order. */
interface Pipe {
  readonly to: Socket;
  readonly held: Buffer[];
}

export async function startProxy(port: number): Promise<IggyProxy> {
  const pipes = new Set<Pipe>();
  const sockets = new Set<Socket>();
  /** Bytes that go through yet. */
  let left = Infinity;
  let delayMs = 0;

  function pass(pipe: Pipe, chunk: Buffer): void {
    left -= chunk.length;
    if (left < 0) pipe.held.push(chunk);
    else if (!pipe.to.destroyed) pipe.to.write(chunk);
  }

  function join(from: Socket, to: Socket): void {
    const pipe: Pipe = { to, held: [] };
    pipes.add(pipe);
    sockets.add(from);
    from.on('error', () => undefined); // `close` follows
    from.on('data', (chunk: Buffer) => {
      if (delayMs === 0) pass(pipe, chunk);
      else setTimeout(() => pass(pipe, chunk), delayMs);
    });
    from.on('close', () => {
      sockets.delete(from);
      // What is held is on its way yet, as in a network.
      if (pipe.held.length === 0) {
        pipes.delete(pipe);
        to.end();
      }
    });
  }

  const server = createServer((inbound) => {
    const outbound = connect({ host: '127.0.0.1', port });
    join(inbound, outbound);
    join(outbound, inbound);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    hold(afterBytes = 0) {
      left = afterBytes;
    },
    release() {
      left = Infinity;
      for (const { to, held } of pipes) for (const chunk of held.splice(0)) if (!to.destroyed) to.write(chunk);
    },
    slow(ms) {
      delayMs = ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
