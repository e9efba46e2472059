import { connect, type Socket } from 'node:net';
import {
  type ApiCodec,
  hasFlexibleResponseHeader,
  isFlexible,
  Reader,
  writeRequestHeader,
  Writer,
} from 'iggy-gateway-kafka/protocol';
import { codecs } from '../../src/protocol/codecs.js';

/** One response frame, without its length prefix. */
export interface WireFrame {
  readonly correlationId: number;
  /** What follows the correlation id: the tagged fields of a flexible header, then the body. */
  readonly body: Buffer;
}

export interface WireResponse<Response> {
  readonly correlationId: number;
  readonly response: Response;
}

export interface SendOptions {
  /** Default: one more than the last. */
  readonly correlationId?: number;
  /** Default: `wire-client`. */
  readonly clientId?: string | null;
  /** The version in which the answer is read, where it is not that of the request: ApiVersions falls back to 0. */
  readonly responseVersion?: number;
}

type ClientCodec<RequestInit, Response> = Pick<
  ApiCodec<unknown, RequestInit, Response>,
  'key' | 'flexibleFrom' | 'writeRequest' | 'readResponse'
>;

/** A codec, or the API key of one. */
export type Api<RequestInit, Response> = number | ClientCodec<RequestInit, Response>;

/** The connection ended before the answer came. */
export class WireClosedError extends Error {
  override readonly name = 'WireClosedError';
}

/** A body for ApiVersions v3, in which a client names itself. */
export const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };

/** A whole request as it goes over the wire: length prefix, header, body. */
export function encodeRequestFrame<RequestInit>(
  api: Api<RequestInit, unknown>,
  version: number,
  init: RequestInit,
  { correlationId = 1, clientId = 'wire-client' }: SendOptions = {},
): Buffer {
  const codec = codecOf(api);
  const writer = new Writer();
  writer.int32(0); // the length of the frame, written below
  const header = { apiKey: codec.key, apiVersion: version, correlationId, clientId };
  writeRequestHeader(writer, header, isFlexible(codec.flexibleFrom, version));
  codec.writeRequest(writer, init, version);
  const bytes = writer.take();
  const frame = Buffer.concat(Array.isArray(bytes) ? bytes : [bytes]);
  frame.writeInt32BE(frame.length - 4);
  return frame;
}

/** Reads the body of an answer, to its last byte. */
export function decodeResponseFrame<RequestInit, Response>(
  api: Api<RequestInit, Response>,
  version: number,
  frame: WireFrame,
): Response {
  const codec = codecOf(api);
  const reader = new Reader(frame.body);
  if (hasFlexibleResponseHeader(codec.key, codec.flexibleFrom, version)) reader.skipTaggedFields();
  const response = codec.readResponse(reader, version);
  reader.expectEnd();
  return response;
}

/** A body with a length prefix in front. */
export function framed(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(body.length);
  return Buffer.concat([prefix, body]);
}

/**
 * A Kafka client of the barest kind, over a real socket. Several requests may be under way; an answer goes to the
 * `send` that waits for its correlation id, any other to {@link next}.
 */
export class WireClient {
  readonly socket: Socket;
  /** Settles once the socket is closed from both sides, whatever the reason. */
  readonly closed: Promise<void>;
  /** Settles once the gateway has ended its side, or the socket is closed. */
  readonly ended: Promise<void>;
  /** Correlation ids of all answers, in the order in which they came. */
  readonly arrived: number[] = [];

  #lastId = 0;
  #isClosed = false;
  /** Bytes of a frame that is not yet there as a whole. */
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** How many bytes are needed before it is worth looking. */
  #wanted = 4;
  readonly #frames: WireFrame[] = [];
  readonly #waiting = new Map<number, { resolve(frame: WireFrame): void; reject(error: Error): void }>();
  readonly #nexts: { resolve(frame: WireFrame): void; reject(error: Error): void }[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    // A reset is how some tests end; `closed` follows in any case.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#onClose();
        resolve();
      });
    });
    this.ended = new Promise((resolve) => {
      socket.once('end', resolve).once('close', resolve);
    });
  }

  /** Connects to 127.0.0.1; with `allowHalfOpen` the socket stays writable after the gateway's end. */
  static connect(
    port: number,
    { allowHalfOpen = false }: { readonly allowHalfOpen?: boolean } = {},
  ): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new WireClient(socket));
      });
    });
  }

  /** Over a socket that is connected, such as a TLS socket. */
  static over(socket: Socket): WireClient {
    return new WireClient(socket);
  }

  /** Sends a request and decodes its answer; rejects with {@link WireClosedError} when none comes. */
  async send<RequestInit, Response>(
    api: Api<RequestInit, Response>,
    version: number,
    init: RequestInit,
    options: SendOptions = {},
  ): Promise<WireResponse<Response>> {
    const correlationId = this.#nextId(options);
    const answer = new Promise<WireFrame>((resolve, reject) => {
      if (this.#isClosed) reject(new WireClosedError('the connection is closed'));
      else this.#waiting.set(correlationId, { resolve, reject });
    });
    this.sendRaw(encodeRequestFrame(api, version, init, { ...options, correlationId }));
    const frame = await answer;
    const response = decodeResponseFrame(api, options.responseVersion ?? version, frame);
    return { correlationId, response };
  }

  /** Sends a request whose answer, if one comes, goes to {@link next}. Returns its correlation id. */
  post<RequestInit>(
    api: Api<RequestInit, unknown>,
    version: number,
    init: RequestInit,
    options: SendOptions = {},
  ): number {
    const correlationId = this.#nextId(options);
    this.sendRaw(encodeRequestFrame(api, version, init, { ...options, correlationId }));
    return correlationId;
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next frame that no `send` waits for; rejects with {@link WireClosedError} when none comes any more. */
  next(): Promise<WireFrame> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.#isClosed) return Promise.reject(new WireClosedError('the connection is closed'));
    return new Promise((resolve, reject) => {
      this.#nexts.push({ resolve, reject });
    });
  }

  /** Ends our side; what was asked may still be answered. */
  end(): void {
    this.socket.end();
  }

  /** Vanishes with a reset, which the gateway sees at once. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Closes the socket and waits for it. */
  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  #nextId({ correlationId }: SendOptions): number {
    this.#lastId = correlationId ?? this.#lastId + 1;
    return this.#lastId;
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered < this.#wanted) return;
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#wanted = 4;
    while (bytes.length >= this.#wanted) {
      this.#wanted = 4 + bytes.readInt32BE(0);
      if (bytes.length < this.#wanted) break;
      this.#onFrame({ correlationId: bytes.readInt32BE(4), body: bytes.subarray(8, this.#wanted) });
      bytes = bytes.subarray(this.#wanted);
      this.#wanted = 4;
    }
    this.#chunks = [bytes];
    this.#buffered = bytes.length;
  }

  #onFrame(frame: WireFrame): void {
    this.arrived.push(frame.correlationId);
    const waiting = this.#waiting.get(frame.correlationId);
    const next = waiting ?? this.#nexts.shift();
    if (waiting) this.#waiting.delete(frame.correlationId);
    if (next) next.resolve(frame);
    else this.#frames.push(frame);
  }

  #onClose(): void {
    this.#isClosed = true;
    const error = new WireClosedError('the connection was closed without an answer');
    for (const { reject } of [...this.#waiting.values(), ...this.#nexts]) reject(error);
    this.#waiting.clear();
    this.#nexts.length = 0;
  }
}

function codecOf<RequestInit, Response>(api: Api<RequestInit, Response>): ClientCodec<RequestInit, Response> {
  if (typeof api !== 'number') return api;
  const codec = codecs.get(api);
  if (codec === undefined) throw new TypeError(`no codec for API key ${String(api)}`);
  return codec as ClientCodec<RequestInit, Response>;
}
