import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { CapturedFrame } from './capture.js';

/** What a client repeats, such as a consumer its Fetch, is kept this often. */
const MAX_OF_A_KIND = 3;

type Asked = Pick<CapturedFrame, 'apiKey' | 'apiVersion'> & { readonly kept: boolean };

/** Stands between a client and the gateway, hands all bytes on and writes down the frames. */
export class RecordingProxy {
  readonly #frames: CapturedFrame[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  private constructor(targetPort: () => number) {
    this.#server = createServer((client) => {
      this.#connect(client, connect({ host: '127.0.0.1', port: targetPort() }));
    });
  }

  /** @param targetPort - Asked at each connection: the proxy is there before what it stands in front of. */
  static async listen(targetPort: () => number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(targetPort);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** In the order in which they were complete; not the last request of a client that left before its answer came. */
  get frames(): CapturedFrame[] {
    const responses = new Set(this.#frames.filter(({ direction }) => direction === 'response').map(pairing));
    return this.#frames.filter((frame) => responses.has(pairing(frame)));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(client: Socket, gateway: Socket): void {
    const connection = ++this.#connections;
    const asked = new Map<number, Asked>();
    for (const [socket, other] of [
      [client, gateway],
      [gateway, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.pipe(other);
      // One side gone, the other goes as well, whatever the reason.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    splitFrames(client, (frame) => {
      this.#request(connection, asked, frame);
    });
    splitFrames(gateway, (frame) => {
      this.#response(connection, asked, frame);
    });
  }

  #request(connection: number, asked: Map<number, Asked>, frame: Buffer): void {
    const [apiKey, apiVersion, correlationId] = [frame.readInt16BE(0), frame.readInt16BE(2), frame.readInt32BE(4)];
    const ofAKind = [...asked.values()].filter((other) => other.apiKey === apiKey && other.apiVersion === apiVersion);
    const kept = ofAKind.length < MAX_OF_A_KIND;
    asked.set(correlationId, { apiKey, apiVersion, kept });
    if (!kept) return;
    this.#frames.push({
      connection,
      direction: 'request',
      apiKey,
      apiVersion,
      correlationId,
      hex: frame.toString('hex'),
    });
  }

  #response(connection: number, asked: Map<number, Asked>, frame: Buffer): void {
    const correlationId = frame.readInt32BE(0);
    const request = asked.get(correlationId);
    if (request === undefined) throw new Error(`a response to no request: correlation id ${correlationId}`);
    const { apiKey, apiVersion, kept } = request;
    if (!kept) return;
    this.#frames.push({
      connection,
      direction: 'response',
      apiKey,
      apiVersion,
      correlationId,
      hex: frame.toString('hex'),
    });
  }
}

/** The same for a request and its response. */
function pairing({ connection, correlationId }: CapturedFrame): string {
  return `${connection}/${correlationId}`;
}

function splitFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4 && bytes.length - 4 >= bytes.readInt32BE(0)) {
      const end = 4 + bytes.readInt32BE(0);
      take(bytes.subarray(4, end));
      bytes = bytes.subarray(end);
    }
  });
}
