import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import {
  type Backend,
  createKafkaGateway,
  createStubBackend,
  type Endpoint,
  type GatewayHandle,
  type GatewayOptions,
  type KafkaGateway,
} from 'iggy-gateway-kafka';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { record } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, framed, WireClient } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });

expectQuietProcess();

function make(methods: Partial<Backend>, options: GatewayOptions = {}): KafkaGateway {
  const gateway = createKafkaGateway({
    listener: { port: 0 },
    ...options,
    backend: { name: 'test', metadata: answer, ...methods },
  });
  onTestFinished(() => gateway.close({ drainTimeoutMs: 0 }));
  return gateway;
}

/** A port that someone else has, and a function that frees it. */
async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const free = async () => {
    if (server.listening) await once(server.close(), 'close');
  };
  onTestFinished(free);
  return { port: (server.address() as { port: number }).port, free };
}

async function accepts({ host, port }: Endpoint): Promise<boolean> {
  const socket = connect(port, host);
  const accepted = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => {
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
  socket.destroy();
  return accepted;
}

describe('listen', () => {
  test('opens the backend, binds, then accepts', async () => {
    const opening = defer();
    const seen: unknown[] = [];
    const gateway = make({
      open: async (handle) => {
        seen.push(['open', handle.endpoint, handle.advertised]);
        await opening.promise;
      },
      connect: () => seen.push('connect'),
    });
    gateway.on('listening', (event) => seen.push(['listening', event]));
    const listening = gateway.listen();
    expect(gateway.endpoint).toBeNull();
    opening.resolve();
    const endpoint = await listening;
    const client = await WireClient.connect(endpoint.port);
    await client.send(metadataApi, 9, { topics: null });
    expect(seen).toEqual([['open', null, null], ['listening', { endpoint, advertised: endpoint }], 'connect']);
    await client.close();
  });

  test('opens a backend whose open returns nothing, on the backend itself', async () => {
    class Store implements Backend {
      readonly name = 'store';
      #opened = 0;
      open(): void {
        this.#opened++;
      }
      metadata() {
        return { ...answer(), controllerId: this.#opened };
      }
    }
    const gateway = createKafkaGateway({ listener: { port: 0 }, backend: new Store() });
    onTestFinished(() => gateway.close({ drainTimeoutMs: 0 }));
    const client = await WireClient.connect((await gateway.listen()).port);
    const { response } = await client.send(metadataApi, 9, { topics: null });
    expect(response.controllerId).toBe(1);
    await client.close();
  });

  test('resolves port 0 to the port that the system chose', async () => {
    const gateway = make({});
    expect([gateway.endpoint, gateway.advertised]).toEqual([null, null]);
    const endpoint = await gateway.listen();
    expect(endpoint).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
    expect(endpoint.port).toBeGreaterThan(0);
    expect([gateway.endpoint, gateway.advertised]).toEqual([endpoint, endpoint]);
    await gateway.close();
    expect([gateway.endpoint, gateway.advertised]).toEqual([null, null]);
  });

  test('a second time is refused, while it opens and after', async () => {
    const gateway = make({});
    const first = gateway.listen();
    await expect(gateway.listen()).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: 'listen(): the gateway is opening',
    });
    await first;
    await expect(gateway.listen()).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await gateway.close();
    await expect(gateway.listen()).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: 'listen(): the gateway is closed',
    });
  });

  test('right after a close is refused as well', async () => {
    const gateway = make({});
    const closed = gateway.close();
    await expect(gateway.listen()).rejects.toMatchObject({ message: 'listen(): the gateway is closed' });
    await closed;
  });
});

describe('stats', () => {
  test('are zero before the gateway listens, and count connections and bytes skipped after a body', async () => {
    const gateway = make({});
    const backendStatus = { state: 'active', successor: null };
    const none = { connections: 0, inFlightBytes: 0, requestsWithTrailingBytes: 0, backendStatus };
    expect(gateway.stats()).toEqual(none);
    const { port } = await gateway.listen();
    expect(gateway.stats()).toEqual(none);
    const client = await WireClient.connect(port);
    const frame = encodeRequestFrame(metadataApi, 9, { topics: null }).subarray(4);
    client.sendRaw(framed(Buffer.concat([frame, Buffer.from([1, 2, 3])])));
    await client.next();
    await client.send(metadataApi, 9, { topics: null });
    expect(gateway.stats()).toEqual({ ...none, connections: 1, requestsWithTrailingBytes: 1 });
    await client.close();
    await gateway.close();
    expect(gateway.stats()).toEqual({ ...none, requestsWithTrailingBytes: 1 });
  });
});

describe('the advertised endpoint', () => {
  test.each([
    [{ host: 'broker.example', port: 19093 }, (_bound: number) => ({ host: 'broker.example', port: 19093 })],
    [{ host: 'broker.example' }, (bound: number) => ({ host: 'broker.example', port: bound })],
    [{ port: 19093 }, (_bound: number) => ({ host: '127.0.0.1', port: 19093 })],
    [undefined, (bound: number) => ({ host: '127.0.0.1', port: bound })],
  ])('is the option, else what is bound: %j', async (advertised, expected) => {
    let handle: GatewayHandle | undefined;
    let inContext: Endpoint | undefined;
    const gateway = make(
      {
        open: (given) => {
          handle = given;
        },
        metadata: (_request, context) => {
          inContext = context.advertised;
          return answer();
        },
      },
      { listener: { port: 0, advertised } },
    );
    const events = record(gateway, 'listening');
    const { port } = await gateway.listen();
    const client = await WireClient.connect(port);
    await client.send(metadataApi, 9, { topics: null });
    expect(gateway.advertised).toEqual(expected(port));
    expect(handle?.endpoint).toEqual({ host: '127.0.0.1', port });
    expect(handle?.advertised).toEqual(expected(port));
    expect(inContext).toEqual(expected(port));
    expect(events[0]?.advertised).toEqual(expected(port));
    await client.close();
  });

  test('is known before the gateway is bound where it does not follow from that', async () => {
    let atOpen: Endpoint | null = null;
    const advertised = { host: 'broker.example', port: 19093 };
    const gateway = make({ open: ({ advertised: at }) => void (atOpen = at) }, { listener: { port: 0, advertised } });
    await gateway.listen();
    expect(atOpen).toEqual(advertised);
  });

  test('lets a gateway bind all addresses', async () => {
    const gateway = make({}, { listener: { host: '0.0.0.0', port: 0, advertised: { host: '127.0.0.1' } } });
    const { host, port } = await gateway.listen();
    expect(host).toBe('0.0.0.0');
    expect(gateway.advertised).toEqual({ host: '127.0.0.1', port });
    expect(await accepts({ host: '127.0.0.1', port })).toBe(true);
  });
});

describe('a step that fails', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('no store');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no store'))],
  ])('open %s: nothing stands that would have to be undone, and it may be tried again', async (_how, fail) => {
    const open = vi.fn<() => Promise<void>>().mockImplementationOnce(fail).mockResolvedValue(undefined);
    const close = vi.fn();
    const gateway = make({ open, close });
    await expect(gateway.listen()).rejects.toThrow('no store');
    expect(gateway.endpoint).toBeNull();
    expect(close).not.toHaveBeenCalled();
    const endpoint = await gateway.listen();
    expect(open).toHaveBeenCalledTimes(2);
    expect(await accepts(endpoint)).toBe(true);
  });

  test('bind: the backend is closed, the caller told and nobody else, and it may be tried again', async () => {
    const { port, free } = await takenPort();
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    onTestFinished(() => {
      warnings.mockRestore();
    });
    const calls: unknown[] = [];
    const gateway = make(
      {
        open: () => void calls.push('open'),
        close: ({ signal }) => void calls.push(['close', signal.aborted]),
      },
      { listener: { port } },
    );
    await expect(gateway.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(calls).toEqual(['open', ['close', false]]);
    expect(warnings).not.toHaveBeenCalled();
    const errors = record(gateway, 'error');
    await expect(gateway.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(errors).toEqual([]);
    await free();
    expect(await gateway.listen()).toEqual({ host: '127.0.0.1', port });
  });

  test('table: the port is free again and the backend closed, in this order', async () => {
    const { port, free } = await takenPort();
    await free();
    const calls: unknown[] = [];
    const gateway = make(
      {
        versions: { metadata: { min: 0, max: 3 } },
        close: async () =>
          void calls.push(['close, while the port answers', await accepts({ host: '127.0.0.1', port })]),
      },
      { listener: { port }, versions: { metadata: { min: 4, max: 9 } } },
    );
    await expect(gateway.listen()).rejects.toMatchObject({ name: 'OptionError', option: 'versions.metadata' });
    expect(gateway.endpoint).toBeNull();
    expect(calls).toEqual([['close, while the port answers', false]]);
  });

  test('and an undo that fails as well: the first error is told', async () => {
    const { port } = await takenPort();
    const gateway = make({ close: () => Promise.reject(new Error('second')) }, { listener: { port } });
    await expect(gateway.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a backend', () => {
  const listener = { port: 0 };

  test('that another gateway has open is refused by name, until that one is closed', async () => {
    const open = vi.fn();
    const backend: Backend = { name: 'single', metadata: answer, open };
    const first = createKafkaGateway({ listener, backend });
    const second = createKafkaGateway({ listener, backend });
    onTestFinished(async () => {
      await Promise.all([first.close(), second.close()]);
    });
    await first.listen();
    await expect(second.listen()).rejects.toMatchObject({
      code: 'BACKEND_IN_USE',
      message: 'backend single is open in another gateway',
    });
    expect(open).toHaveBeenCalledOnce();
    // The refusal took nothing away from the first.
    await expect(second.listen()).rejects.toMatchObject({ code: 'BACKEND_IN_USE' });
    await first.close();
    await second.listen();
    expect(open).toHaveBeenCalledTimes(2);
  });

  test('whose gateway failed to listen is free for another', async () => {
    const { port } = await takenPort();
    const backend: Backend = { name: 'single', metadata: answer };
    const first = createKafkaGateway({ listener: { port }, backend });
    await expect(first.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const second = createKafkaGateway({ listener, backend });
    await second.listen();
    await second.close();
  });

  test('that is shareable serves several gateways, as the stub does', async () => {
    const backend = createStubBackend();
    const gateways = [1, 2].map(() => createKafkaGateway({ listener, backend }));
    const ports = await Promise.all(gateways.map(async (gateway) => (await gateway.listen()).port));
    await gateways[0]?.close();
    const client = await WireClient.connect(ports[1] ?? 0);
    const { response } = await client.send(metadataApi, 9, { topics: null });
    expect(response.brokers[0]?.port).toBe(ports[1]);
    await client.close();
    await gateways[1]?.close();
  });

  test('of a factory may be spread, and one API of it overridden', async () => {
    const backend: Backend = {
      ...createStubBackend(),
      name: 'mine',
      metadata: (request) => ({
        ...answer(),
        topics: (request.topics ?? []).map(({ name }) => ({ errorCode: 29, name, partitions: [] })),
      }),
    };
    const gateway = createKafkaGateway({ listener, backend });
    const client = await WireClient.connect((await gateway.listen()).port);
    const { response } = await client.send(metadataApi, 9, { topics: [{ name: 'a' }] });
    expect(response.topics[0]?.errorCode).toBe(29);
    const offsets = await client.send(2, 1, {
      replicaId: -1,
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
    });
    expect(offsets.response).toMatchObject({ topics: [{ partitions: [{ errorCode: 6 }] }] });
    await client.close();
    await gateway.close();
  });
});
