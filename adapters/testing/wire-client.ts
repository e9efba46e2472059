import { connect, type Socket } from 'node:net';
import {
  type ApiCodec,
  apiVersionsApi,
  hasFlexibleResponseHeader,
  isFlexible,
  Reader,
  type VersionRange,
  writeRequestHeader,
  Writer,
} from '../../src/protocol/index.js';

/** Milliseconds after which no answer is none. */
const PATIENCE_MS = 20_000;

/** What a client needs of a codec. */
export type ClientCodec<RequestInit, Response> = Pick<
  ApiCodec<unknown, RequestInit, Response>,
  'key' | 'name' | 'versions' | 'flexibleFrom' | 'writeRequest' | 'readResponse'
>;

interface Waiting {
  readonly what: string;
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** A Kafka client of the barest kind: one connection, requests as they are given, answers by their correlation id. */
export class WireClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #ranges = new Map<number, VersionRange>();
  #lastId = 0;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = 4;
  #isClosed = false;
  /** Settles once the connection is closed, by whomever. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // `close` follows
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#onClose();
        resolve();
      });
    });
  }

  /** Connects, and asks which versions there are. */
  static async connect(bootstrap: string): Promise<WireClient> {
    const colon = bootstrap.lastIndexOf(':');
    const host = bootstrap.slice(0, colon).replace(/^\[|\]$/g, '');
    const client = await new Promise<WireClient>((resolve, reject) => {
      const socket = connect({ host, port: Number(bootstrap.slice(colon + 1)) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new WireClient(socket));
      });
    });
    const { apiKeys } = await client.send(apiVersionsApi, { clientSoftwareName: 'contract' }, 0);
    client.#ranges = new Map(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]),
    );
    return client;
  }

  /** Every version of an API that both sides have, the lowest first; none when it is not answered. */
  versions({ key, versions }: Pick<ApiCodec, 'key' | 'versions'>): number[] {
    const range = this.#ranges.get(key);
    if (range === undefined) return [];
    const min = Math.max(range.min, versions.min);
    const max = Math.min(range.max, versions.max);
    return Array.from({ length: Math.max(0, max - min + 1) }, (_, index) => min + index);
  }

  /** The highest version of an API that both sides have, and no higher than `most`. @throws Error when there is none. */
  version(codec: Pick<ApiCodec, 'key' | 'name' | 'versions'>, most: number = Infinity): number {
    const version = this.versions(codec)
      .filter((each) => each <= most)
      .at(-1);
    if (version === undefined) throw new Error(`the broker does not answer ${codec.name}`);
    return version;
  }

  /** Sends a request and reads its answer to the last byte. Rejects when the connection ends, or none comes in time. */
  async send<RequestInit, Response>(
    codec: ClientCodec<RequestInit, Response>,
    request: RequestInit,
    version: number = this.version(codec),
  ): Promise<Response> {
    const what = `${codec.name} v${String(version)}`;
    const frame = await this.#answerTo(this.#write(codec, request, version), what);
    const reader = new Reader(frame.subarray(4));
    if (hasFlexibleResponseHeader(codec.key, codec.flexibleFrom, version)) reader.skipTaggedFields();
    const response = codec.readResponse(reader, version);
    reader.expectEnd();
    return response;
  }

  /** Sends a request that is not answered: Produce with acks 0. */
  post<RequestInit>(
    codec: ClientCodec<RequestInit, unknown>,
    request: RequestInit,
    version: number = this.version(codec),
  ): void {
    this.#write(codec, request, version);
  }

  /** Ends the connection without goodbye. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #write<RequestInit>(codec: ClientCodec<RequestInit, unknown>, request: RequestInit, version: number): number {
    const correlationId = ++this.#lastId;
    const writer = new Writer();
    writer.int32(0); // the length of the frame, written below
    const header = { apiKey: codec.key, apiVersion: version, correlationId, clientId: 'contract' };
    writeRequestHeader(writer, header, isFlexible(codec.flexibleFrom, version));
    codec.writeRequest(writer, request, version);
    const bytes = writer.take();
    const frame = Buffer.concat(Array.isArray(bytes) ? bytes : [bytes]);
    frame.writeInt32BE(frame.length - 4);
    this.#socket.write(frame);
    return correlationId;
  }

  #answerTo(correlationId: number, what: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error(`${what}: the connection is closed`));
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(correlationId);
        reject(new Error(`${what}: no answer in ${String(PATIENCE_MS)} ms`));
      }, PATIENCE_MS);
      this.#waiting.set(correlationId, {
        what,
        resolve(frame) {
          clearTimeout(timer);
          resolve(frame);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered < this.#wanted) return;
    let bytes = Buffer.concat(this.#chunks);
    for (;;) {
      this.#wanted = bytes.length < 4 ? 4 : 4 + bytes.readInt32BE(0);
      if (bytes.length < this.#wanted) break;
      const frame = bytes.subarray(4, this.#wanted);
      bytes = bytes.subarray(this.#wanted);
      const correlationId = frame.readInt32BE(0);
      this.#waiting.get(correlationId)?.resolve(frame);
      this.#waiting.delete(correlationId);
    }
    this.#chunks = [bytes];
    this.#buffered = bytes.length;
  }

  #onClose(): void {
    this.#isClosed = true;
    for (const { what, reject } of this.#waiting.values()) {
      reject(new Error(`${what}: the connection was closed without an answer`));
    }
    this.#waiting.clear();
  }
}
