import type { Socket } from 'node:net';
import type { ApiCodec, VersionRange } from '../protocol/core.js';
import { apiVersionsApi } from '../protocol/messages/api-versions.js';
import { connectSocket, WireConnection } from './connection.js';
import { decodeResponseFrame, encodeRequestFrame } from './frames.js';

/** Milliseconds for connecting, and for each response. */
const TIMEOUT_MS = 20_000;

/** What a client needs of a codec. */
export type ClientCodec<RequestInit, Response> = Pick<
  ApiCodec<unknown, RequestInit, Response>,
  'key' | 'name' | 'versions' | 'flexibleFrom' | 'writeRequest' | 'readResponse'
>;

/**
 * A Kafka client over one connection: it sends the requests that it is given, in a version that both sides have. It
 * follows no leader, retries nothing and keeps no state.
 */
export class WireClient extends WireConnection {
  /** The client id in the header of every request. */
  readonly clientId: string = 'wire-client';
  readonly #ranges = new Map<number, VersionRange>();
  #lastId = 0;

  private constructor(socket: Socket) {
    super(socket, { timeoutMs: TIMEOUT_MS });
  }

  /**
   * Connects, and asks the broker for its versions.
   *
   * @param bootstrap - `host:port`, an IPv6 address in brackets.
   */
  static async connect(bootstrap: string): Promise<WireClient> {
    const colon = bootstrap.lastIndexOf(':');
    const host = bootstrap.slice(0, colon).replace(/^\[|\]$/g, '');
    const client = new WireClient(await connectSocket({ host, port: Number(bootstrap.slice(colon + 1)) }, TIMEOUT_MS));
    try {
      const { apiKeys } = await client.send(apiVersionsApi, { clientSoftwareName: client.clientId }, 0);
      for (const { apiKey, minVersion, maxVersion } of apiKeys) {
        client.#ranges.set(apiKey, { min: minVersion, max: maxVersion });
      }
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /** Returns the versions of an API that both sides have, in ascending order; none if the broker lacks the API. */
  versions({ key, versions }: Pick<ApiCodec, 'key' | 'versions'>): number[] {
    const range = this.#ranges.get(key);
    if (range === undefined) return [];
    const min = Math.max(range.min, versions.min);
    const max = Math.min(range.max, versions.max);
    return Array.from({ length: Math.max(0, max - min + 1) }, (_, index) => min + index);
  }

  /**
   * Returns the highest version of an API that both sides have.
   *
   * @param most - The highest version to return.
   * @throws Error if there is none.
   */
  version(codec: Pick<ApiCodec, 'key' | 'name' | 'versions'>, most: number = Infinity): number {
    const version = this.versions(codec)
      .filter((each) => each <= most)
      .at(-1);
    if (version === undefined) throw new Error(`the broker does not answer ${codec.name}`);
    return version;
  }

  /** Sends a request and decodes its response to the last byte. Rejects as {@link request} does. */
  async send<RequestInit, Response>(
    codec: ClientCodec<RequestInit, Response>,
    request: RequestInit,
    version: number = this.version(codec),
  ): Promise<Response> {
    const correlationId = ++this.#lastId;
    const bytes = this.#encode(codec, request, version, correlationId);
    const frame = await this.request(bytes, correlationId, `${codec.name} v${String(version)}`);
    return decodeResponseFrame(codec, version, frame);
  }

  /** Sends a request that has no response: Produce with acks 0. */
  post<RequestInit>(
    codec: ClientCodec<RequestInit, unknown>,
    request: RequestInit,
    version: number = this.version(codec),
  ): void {
    this.sendRaw(this.#encode(codec, request, version, ++this.#lastId));
  }

  #encode<RequestInit>(
    codec: ClientCodec<RequestInit, unknown>,
    request: RequestInit,
    version: number,
    correlationId: number,
  ): Buffer {
    const { clientId } = this;
    return encodeRequestFrame(codec, version, { correlationId, clientId }, (writer) => {
      codec.writeRequest(writer, request, version);
    });
  }
}
