import type { Socket } from 'node:net';
import type { ApiCodec } from 'iggy-gateway-kafka/protocol';
import { codecs } from '../../src/protocol/codecs.js';
import * as wire from '../../src/wire-client/index.js';

export { WireClosedError, WireFrame } from '../../src/wire-client/index.js';

export interface WireResponse<Response> {
  readonly correlationId: number;
  readonly response: Response;
}

export interface SendOptions {
  /** Default: one more than the last. */
  readonly correlationId?: number;
  /** Default: `wire-client`. */
  readonly clientId?: string | null;
}

type ClientCodec<RequestInit, Response> = Pick<
  ApiCodec<unknown, RequestInit, Response>,
  'key' | 'flexibleFrom' | 'writeRequest' | 'readResponse'
>;

/** A codec, or the API key of one. */
export type Api<RequestInit, Response> = number | ClientCodec<RequestInit, Response>;

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
  return wire.encodeRequestFrame(codec, version, { correlationId, clientId }, (writer) => {
    codec.writeRequest(writer, init, version);
  });
}

/** Reads the body of an answer, to its last byte. */
export function decodeResponseFrame<RequestInit, Response>(
  api: Api<RequestInit, Response>,
  version: number,
  frame: wire.WireFrame,
): Response {
  return wire.decodeResponseFrame(codecOf(api), version, frame);
}

/** A body with a length prefix in front. */
export function framed(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(body.length);
  return Buffer.concat([prefix, body]);
}

/**
 * The project's connection, without a time limit, with what tests need beyond it: versions, correlation ids and client
 * ids of their choice, in requests that no broker has to allow.
 */
export class WireClient extends wire.WireConnection {
  /** Settles once the gateway has ended its side, or the socket is closed. */
  readonly ended: Promise<void>;
  /** Correlation ids of all answers, in the order in which they came. */
  readonly arrived: readonly number[];

  #lastId = 0;

  private constructor(socket: Socket) {
    const arrived: number[] = [];
    super(socket, { onResponse: (correlationId) => arrived.push(correlationId) });
    this.arrived = arrived;
    this.ended = new Promise((resolve) => {
      socket.once('end', resolve).once('close', resolve);
    });
  }

  /** Connects to 127.0.0.1; with `allowHalfOpen` the socket stays writable after the gateway's end. */
  static async connect(
    port: number,
    { allowHalfOpen = false }: { readonly allowHalfOpen?: boolean } = {},
  ): Promise<WireClient> {
    return new WireClient(await wire.connectSocket({ host: '127.0.0.1', port, allowHalfOpen }));
  }

  /** Over a socket that is connected, such as a TLS socket. */
  static over(socket: Socket): WireClient {
    return new WireClient(socket);
  }

  /** Sends a request and decodes its answer. */
  async send<RequestInit, Response>(
    api: Api<RequestInit, Response>,
    version: number,
    init: RequestInit,
    options: SendOptions = {},
  ): Promise<WireResponse<Response>> {
    const correlationId = this.#nextId(options);
    const bytes = encodeRequestFrame(api, version, init, { ...options, correlationId });
    const frame = await this.request(bytes, correlationId);
    return { correlationId, response: decodeResponseFrame(api, version, frame) };
  }

  /** Sends a request whose answer, if one comes, goes to `next`. Returns its correlation id. */
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

  /** Ends our side; what was asked may still be answered. */
  end(): void {
    this.socket.end();
  }

  /** Vanishes with a reset, which the gateway sees at once. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #nextId({ correlationId }: SendOptions): number {
    this.#lastId = correlationId ?? this.#lastId + 1;
    return this.#lastId;
  }
}

function codecOf<RequestInit, Response>(api: Api<RequestInit, Response>): ClientCodec<RequestInit, Response> {
  if (typeof api !== 'number') return api;
  const codec = codecs.get(api);
  if (codec === undefined) throw new TypeError(`no codec for API key ${String(api)}`);
  return codec as ClientCodec<RequestInit, Response>;
}
