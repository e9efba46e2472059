import type { Endpoint } from '../../index.js';
import { connectSocket, WireConnection, type WireFrame } from '../../wire-client/index.js';
import { CommandError, describeError, FAILURE } from '../errors.js';
import { formatEndpoint } from '../values.js';

/**
 * Sends one request at a time and takes the next response for its answer, whatever its correlation id: the caller
 * judges it. It connects when it is first used, and again after a failure, so that a late answer to one request is never
 * taken for that to another.
 */
export class ReconnectingClient {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  #connection: WireConnection | null = null;
  #correlationId = 0;

  /** @param timeoutMs - How long connecting may take, and each answer. */
  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  /** Returns a correlation id that this client has not used. */
  newCorrelationId(): number {
    return ++this.#correlationId;
  }

  /** Sends a frame without waiting for an answer. @throws CommandError if the connection cannot be made. */
  async send(frame: Buffer): Promise<void> {
    (await this.#connected()).sendRaw(frame);
  }

  /** Sends a frame and returns the next one that comes. A failure ends the connection. */
  async ask(frame: Buffer): Promise<WireFrame> {
    const connection = await this.#connected();
    connection.sendRaw(frame);
    try {
      return await connection.next();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    void this.#connection?.close();
    this.#connection = null;
  }

  async #connected(): Promise<WireConnection> {
    this.#connection ??= await this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<WireConnection> {
    const timeoutMs = this.#timeoutMs;
    try {
      return new WireConnection(await connectSocket(this.#endpoint, timeoutMs), { timeoutMs });
    } catch (error) {
      throw new CommandError(FAILURE, `cannot connect to ${formatEndpoint(this.#endpoint)}: ${describeError(error)}`);
    }
  }
}
