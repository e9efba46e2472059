import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Endpoint } from '../../index.js';
import { CommandError, describeError, FAILURE } from '../errors.js';
import { formatEndpoint } from '../values.js';

/** The longest answer that is read. */
const MOST_BYTES = 100 * 1024 * 1024;

/**
 * A client that speaks frames: one request, one answer. It connects when it is first used, and again after a failure,
 * so that a late answer to one request is never taken for that to another.
 */
export class WireClient {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  #connection: Connection | null = null;
  #correlationId = 0;

  /** @param timeoutMs - How long connecting may take, and each answer. */
  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  /** A correlation id that this client has not used. */
  newCorrelationId(): number {
    return ++this.#correlationId;
  }

  /** Sends a frame, for which no answer is awaited. @throws CommandError when there is no connection to be had. */
  async send(frame: Buffer): Promise<void> {
    await this.#write(frame);
  }

  /** Sends a frame and returns the next one that comes, without its length. A failure ends the connection. */
  async ask(frame: Buffer): Promise<Buffer> {
    const connection = await this.#write(frame);
    const timer = this.#limit(connection.socket, 'no answer');
    try {
      return await connection.next();
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#connection?.socket.destroy();
    this.#connection = null;
  }

  async #write(frame: Buffer): Promise<Connection> {
    this.#connection ??= await this.#connect();
    this.#connection.socket.write(frame);
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const socket = connect({ ...this.#endpoint, noDelay: true });
    const timer = this.#limit(socket, 'no connection');
    try {
      await once(socket, 'connect');
    } catch (error) {
      throw new CommandError(FAILURE, `cannot connect to ${formatEndpoint(this.#endpoint)}: ${describeError(error)}`);
    } finally {
      clearTimeout(timer);
    }
    return new Connection(socket);
  }

  #limit(socket: Socket, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      socket.destroy(new Error(`${what} within ${String(this.#timeoutMs)} ms`));
    }, this.#timeoutMs);
  }
}

/** What has come on one connection. */
class Connection {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#wake?.();
    });
    socket.on('error', (error) => {
      this.#failure = error;
    });
    socket.on('close', () => {
      this.#failure ??= new Error('the server closed the connection');
      this.#wake?.();
    });
  }

  async next(): Promise<Buffer> {
    for (;;) {
      const frame = this.#take();
      if (frame !== null) return frame;
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next frame, if it is there as a whole. */
  #take(): Buffer | null {
    if (this.#bytes < 4) return null;
    let first = this.#chunks[0];
    if (first === undefined || first.length < 4) first = this.#join();
    const length = first.readInt32BE(0);
    if (length < 0 || length > MOST_BYTES) throw new Error(`an answer that says it has ${String(length)} bytes`);
    const end = 4 + length;
    if (this.#bytes < end) return null;
    const all = this.#join();
    this.#chunks = [all.subarray(end)];
    this.#bytes -= end;
    return all.subarray(4, end);
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
