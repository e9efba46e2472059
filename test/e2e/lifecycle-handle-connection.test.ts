import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { createKafkaGateway, createStubBackend } from 'iggy-gateway-kafka';
import { fetchApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { record, start, startBackend } from '../support/gateways.js';
import { ownServer } from '../support/own-server.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { tlsClient } from '../support/tls-client.js';
import { WireClient, WireClosedError } from '../support/wire-client.js';

const ALL = { topics: null };
const TOPIC = { topics: [{ name: 'a' }] };

expectQuietProcess();

/** Connects to a server of the test's own. */
async function clientOf(port: number, options = {}): Promise<WireClient> {
  const client = await WireClient.connect(port, options);
  onTestFinished(() => client.close());
  return client;
}

describe('a socket of another server', () => {
  test('is served like one of the gateway’s own', async () => {
    const { gateway, port } = await start();
    const came = record(gateway, 'connection');
    const gone = record(gateway, 'disconnect');
    const client = await clientOf(await ownServer((socket) => gateway.handleConnection(socket)));
    const { response } = await client.send(metadataApi, 9, TOPIC);
    expect(response.topics[0]?.errorCode).toBe(3);
    expect(response.brokers[0]?.port).toBe(port);
    expect(came).toEqual([expect.objectContaining({ remotePort: client.socket.localPort })]);
    expect(gateway.stats().connections).toBe(1);
    await client.close();
    await vi.waitFor(() => {
      expect(gone).toEqual(came);
    });
    expect(gateway.stats().connections).toBe(0);
  });

  test('that a handler destroys gets nothing, and the memory of its answer is given back', async () => {
    const release = vi.fn();
    let served: Socket | undefined;
    const { gateway } = await startBackend({
      ...createStubBackend(),
      fetch: () => {
        served?.destroy();
        const records = { chunks: [Buffer.alloc(100)], release };
        const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 0n, abortedTransactions: null, records };
        return { errorCode: 0, responses: [{ topic: 't', partitions: [partition] }] };
      },
    });
    const port = await ownServer((socket) => {
      served = socket;
      gateway.handleConnection(socket);
    });
    const client = await clientOf(port);
    const answered = client.send(fetchApi, 11, { maxWaitMs: 0, minBytes: 0, topics: [] });
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    expect(release).toHaveBeenCalledOnce();
  });

  test('whose owner had set a time for it stays open when that is over', async () => {
    const { gateway } = await start();
    const errors = record(gateway, 'connectionError');
    const timedOut = defer();
    const port = await ownServer((socket) => {
      socket.setTimeout(20, () => timedOut.resolve());
      gateway.handleConnection(socket);
    });
    const client = await clientOf(port);
    await timedOut.promise;
    await client.send(metadataApi, 9, ALL);
    expect(errors).toEqual([]);
  });

  test('that the server handed out paused is read', async () => {
    const { gateway } = await start();
    const port = await ownServer((socket) => gateway.handleConnection(socket), { pauseOnConnect: true });
    const client = await clientOf(port);
    await client.send(metadataApi, 9, ALL);
  });

  test('whose first bytes were read and put back is read from the first', async () => {
    const { gateway } = await start();
    const port = await ownServer((socket) => {
      socket.once('data', (bytes) => {
        socket.unshift(bytes);
        gateway.handleConnection(socket);
      });
    });
    const client = await clientOf(port);
    await client.send(metadataApi, 9, ALL);
    await client.send(metadataApi, 9, ALL);
  });

  test('may be half closed, though its server does not allow that of itself', async () => {
    const released = defer();
    const entered = defer();
    const { gateway } = await startBackend({
      metadata: async () => {
        entered.resolve();
        await released.promise;
        return { brokers: [], topics: [], errorCode: 0 };
      },
    });
    const ended = defer();
    const port = await ownServer((socket) => {
      socket.once('end', () => {
        ended.resolve();
      });
      gateway.handleConnection(socket);
    });
    const client = await clientOf(port);
    const answered = client.send(metadataApi, 9, ALL);
    await entered.promise;
    client.end();
    await ended.promise;
    released.resolve();
    await answered;
    await client.closed;
  });

  test('counts against the limit of connections', async () => {
    const { gateway, connect } = await start({ maxConnections: 1 });
    const errors = record(gateway, 'connectionError');
    const first = await connect();
    await first.send(metadataApi, 9, ALL);
    const second = await clientOf(await ownServer((socket) => gateway.handleConnection(socket)));
    await second.closed;
    expect(errors).toMatchObject([{ error: { name: 'TooManyConnectionsError', maxConnections: 1 } }]);
    await first.send(metadataApi, 9, ALL);
  });

  test('that is gone before it is handed over is no connection', async () => {
    const { gateway } = await start();
    const came = record(gateway, 'connection');
    const handed = defer();
    const port = await ownServer((socket) => {
      socket.destroy();
      socket.once('close', () => {
        gateway.handleConnection(socket);
        handed.resolve();
      });
    });
    await clientOf(port);
    await handed.promise;
    expect(gateway.stats().connections).toBe(0);
    expect(came).toEqual([]);
  });

  test.each([true, false])(
    'whose client had ended its side before does not stay (allowHalfOpen %s)',
    async (allowHalfOpen) => {
      const { gateway } = await start();
      const handed = defer<Socket>();
      const port = await ownServer(
        (socket) => {
          socket.resume();
          socket.once('end', () => {
            setImmediate(() => {
              gateway.handleConnection(socket);
              handed.resolve(socket);
            });
          });
        },
        { allowHalfOpen },
      );
      const client = await clientOf(port, { allowHalfOpen: true });
      client.end();
      await handed.promise;
      await client.ended;
      await vi.waitFor(() => {
        expect(gateway.stats().connections).toBe(0);
      });
    },
  );
});

describe('handleConnection', () => {
  test('refuses a socket that gives text instead of bytes, which nothing can be read from', async () => {
    const { gateway } = await start();
    const thrown = defer<unknown>();
    const port = await ownServer((socket) => {
      socket.setEncoding('utf8');
      try {
        gateway.handleConnection(socket);
        thrown.resolve(null);
      } catch (error) {
        thrown.resolve(error);
      }
    });
    const client = await clientOf(port);
    client.post(metadataApi, 9, ALL);
    expect(await thrown.promise).toMatchObject({
      name: 'OptionError',
      code: 'INVALID_OPTION',
      message: 'option socket.readableEncoding is "utf8"; expected null: Kafka needs bytes',
    });
    expect(gateway.stats().connections).toBe(0);
  });

  test('is refused before listen and after close, and leaves the socket to its owner', async () => {
    const server = await ownServer(() => undefined);
    const socket = connectSocket(server, '127.0.0.1');
    await once(socket, 'connect');
    onTestFinished(() => void socket.destroy());
    const gateway = createKafkaGateway({ listener: { port: 0 } });
    const state = (what: string) => ({
      code: 'INVALID_STATE',
      message: `handleConnection(): the gateway is ${what}, not listening`,
    });
    expect(() => {
      gateway.handleConnection(socket);
    }).toThrow(expect.objectContaining(state('new')));
    await gateway.listen();
    await gateway.close();
    expect(() => {
      gateway.handleConnection(socket);
    }).toThrow(expect.objectContaining(state('closed')));
    expect(socket.destroyed).toBe(false);
    expect(socket.listenerCount('data')).toBe(0);
  });
});

describe('TLS', () => {
  test('a TLS socket is served', async () => {
    const { gateway } = await start();
    const came = record(gateway, 'connection');
    const client = await tlsClient(gateway);
    const { response } = await client.send(metadataApi, 9, TOPIC);
    expect(response.topics).toHaveLength(1);
    expect(came[0]?.remoteAddress).toBe('127.0.0.1');
  });

  test('large answers arrive whole', async () => {
    const { gateway } = await start();
    const client = await tlsClient(gateway);
    const topics = Array.from({ length: 50_000 }, (_, index) => ({ name: `topic-${String(index)}` }));
    const { response } = await client.send(metadataApi, 9, { topics });
    expect(response.topics.map(({ name }) => name)).toEqual(topics.map(({ name }) => name));
  });

  test('a client that ends its side is answered, then the connection ends', async () => {
    const { gateway } = await start();
    const client = await tlsClient(gateway);
    const answers = [1, 2, 3].map(() => client.send(metadataApi, 9, ALL));
    client.end();
    await Promise.all(answers);
    await client.closed;
  });

  test('closing the gateway ends it', async () => {
    const { gateway } = await start();
    const client = await tlsClient(gateway);
    await client.send(metadataApi, 9, ALL);
    await Promise.all([gateway.close(), client.closed]);
  });
});
