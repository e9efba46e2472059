import type { ChildProcess } from 'node:child_process';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { answerCorrelationOffset, requestCorrelationOffset } from './wire.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const startMs = 10_000;

/** Sends one framed request on a connection of its own and gives the whole framed answer, its correlation id checked. */
export function ask(address: Address, request: Buffer, timeoutMs = 5_000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const where = `${address.host}:${address.port}`;
    const socket = net.connect({ ...address, noDelay: true });
    let received = Buffer.alloc(0);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () => fail(new Error(`${where} did not answer within ${timeoutMs} ms`)));
    socket.on('error', fail);
    socket.on('close', () => reject(new Error(`${where} closed the connection without an answer`)));
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 8) return;
      const length = 4 + received.readInt32BE(0);
      if (received.length < length) return;
      const expected = request.readInt32BE(requestCorrelationOffset);
      const actual = received.readInt32BE(answerCorrelationOffset);
      if (received.length > length) return fail(new Error(`${where} sent more than one answer to one request`));
      if (actual !== expected) return fail(new Error(`${where} answered ${actual} to correlation id ${expected}`));
      socket.destroy();
      resolve(received);
    });
  });
}

/** As `ask`, for a process that is just starting: tries again while nobody listens. */
export async function askWhenUp(server: ChildProcess, address: Address, request: Buffer): Promise<Buffer> {
  const end = performance.now() + startMs;
  for (;;) {
    try {
      return await ask(address, request);
    } catch (error) {
      if (server.exitCode !== null) throw new Error(`the server ended with code ${server.exitCode}`, { cause: error });
      const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
      if (!refused || performance.now() > end) throw error;
      await pause(1);
    }
  }
}

/** A port of 127.0.0.1 that was free a moment ago, for servers that must be told one. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port was given'));
      });
    });
  });
}
