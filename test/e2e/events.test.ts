import { type ConnectionInfo, createKafkaGateway, createStubBackend, type KafkaGateway } from 'iggy-gateway-kafka';
import { apiVersionsApi, metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { record, start, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, framed, WireClient } from '../support/wire-client.js';

const ALL = { topics: null };
const PRODUCE = {
  acks: 1,
  timeoutMs: 1000,
  topicData: [{ name: 'a', partitionData: [{ index: 0, records: Buffer.from('batch') }] }],
};
const answer = () => ({ brokers: [], topics: [], errorCode: 0 });

expectQuietProcess();

const anyConnection = (port?: number): unknown =>
  expect.objectContaining({ id: expect.any(String), ...(port === undefined ? {} : { remotePort: port }) });

describe('the event', () => {
  test('listening tells where, connection and disconnect who, close nothing', async () => {
    const gateway = createKafkaGateway({ listener: { port: 0, advertised: { host: 'broker.example', port: 1 } } });
    const log: unknown[][] = [];
    for (const name of ['listening', 'connection', 'disconnect', 'close'] as const) {
      gateway.on(name, (...args: unknown[]) => void log.push([name, ...args]));
    }
    const { port } = await gateway.listen();
    const client = await WireClient.connect(port);
    await client.send(metadataApi, 9, ALL);
    await client.close();
    await vi.waitFor(() => {
      expect(log).toHaveLength(3);
    });
    await gateway.close();
    const connection: ConnectionInfo = {
      id: (log[1]?.[1] as ConnectionInfo).id,
      remoteAddress: '127.0.0.1',
      remotePort: (log[1]?.[1] as ConnectionInfo).remotePort,
      principal: { type: 'User', name: 'ANONYMOUS' },
      advertised: { host: 'broker.example', port: 1 },
    };
    expect(log).toEqual([
      ['listening', { endpoint: { host: '127.0.0.1', port }, advertised: { host: 'broker.example', port: 1 } }],
      ['connection', connection],
      ['disconnect', connection],
      ['close'],
    ]);
  });

  test('request and response tell what was asked and what became of it', async () => {
    const { gateway, connect } = await start();
    const requests = record(gateway, 'request');
    const responses = record(gateway, 'response');
    const client = await connect();
    const received: Buffer[] = [];
    client.socket.on('data', (chunk: Buffer) => received.push(chunk));
    const init = { topics: [{ name: 'a' }] };
    await client.send(metadataApi, 9, init, { correlationId: 77, clientId: 'me' });
    await client.send(metadataApi, 0, { topics: [] }, { correlationId: 78, clientId: null });
    const connection = anyConnection(client.socket.localPort);
    const bytes = encodeRequestFrame(metadataApi, 9, init, { correlationId: 77, clientId: 'me' }).length - 4;
    const first = { connection, api: 'metadata', apiVersion: 9, correlationId: 77, clientId: 'me' };
    const second = { connection, api: 'metadata', apiVersion: 0, correlationId: 78, clientId: null };
    expect(requests).toEqual([
      { ...first, bytes },
      { ...second, bytes: 14 },
    ]);
    expect(responses).toEqual([
      { ...first, durationMs: expect.any(Number), errorCode: 3, bytes: expect.any(Number) },
      { ...second, durationMs: expect.any(Number), errorCode: 0, bytes: expect.any(Number) },
    ]);
    expect(responses.every(({ durationMs }) => durationMs >= 0)).toBe(true);
    expect(responses.reduce((sum, event) => sum + event.bytes, 0)).toBe(Buffer.concat(received).length);
  });

  test('request and response come for ApiVersions as well, which the gateway answers itself', async () => {
    const { gateway, connect } = await start();
    const requests = record(gateway, 'request');
    const responses = record(gateway, 'response');
    const client = await connect();
    await client.send(apiVersionsApi, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' });
    await client.send(apiVersionsApi, 3, { clientSoftwareName: '', clientSoftwareVersion: '1.0' });
    expect(requests.map(({ api }) => api)).toEqual(['apiVersions', 'apiVersions']);
    expect(responses.map(({ api, errorCode }) => [api, errorCode])).toEqual([
      ['apiVersions', 0],
      ['apiVersions', 42],
    ]);
  });

  test('refused tells what was not allowed, and whether the connection goes on', async () => {
    for (const onUnsupportedVersion of ['respond', 'close'] as const) {
      const { gateway, connect } = await start({ onUnsupportedVersion });
      const refused = record(gateway, 'unsupportedVersion');
      const requests = record(gateway, 'request');
      const client = await connect();
      client.post(metadataApi, 10, ALL, { correlationId: 5 });
      if (onUnsupportedVersion === 'respond') await client.next();
      else await client.closed;
      expect(refused).toEqual([
        {
          connection: anyConnection(client.socket.localPort),
          apiKey: 3,
          apiName: 'Metadata',
          apiVersion: 10,
          correlationId: 5,
          closed: onUnsupportedVersion === 'close',
        },
      ]);
      expect(requests).toEqual([]);
    }
  });

  test('refused names an API that Kafka knows, and no other', async () => {
    const { gateway, connect } = await start();
    const refused = record(gateway, 'unsupportedVersion');
    const client = await connect();
    for (const apiKey of [11, 999]) {
      client.sendRaw(encodeRequestFrame({ ...metadataApi, key: apiKey }, 2, ALL));
      await client.next();
    }
    expect(refused.map(({ apiKey, apiName }) => [apiKey, apiName])).toEqual([
      [11, 'JoinGroup'],
      [999, null],
    ]);
  });

  test('protocolError tells of a body that does not decode', async () => {
    const { gateway, connect } = await start();
    const events = record(gateway, 'protocolError');
    const client = await connect();
    const whole = encodeRequestFrame(metadataApi, 9, { topics: [{ name: 'abc' }] }).subarray(4);
    client.sendRaw(framed(whole.subarray(0, whole.length - 8)));
    await client.closed;
    expect(events).toEqual([
      { connection: anyConnection(client.socket.localPort), error: expect.any(Error), apiKey: 3, apiVersion: 9 },
    ]);
    expect(events[0]?.error).toMatchObject({
      name: 'DecodeError',
      message: expect.stringMatching(/^Metadata request v9: /),
    });
  });

  test.each([
    ['no header', framed(Buffer.alloc(7))],
    ['no length that can be', Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ])('protocolError tells of a frame with %s', async (_what, bytes) => {
    const { gateway, connect } = await start();
    const events = record(gateway, 'protocolError');
    const client = await connect();
    client.sendRaw(bytes);
    await client.closed;
    expect(events).toEqual([{ connection: anyConnection(), error: expect.any(Error), apiKey: null, apiVersion: null }]);
  });

  test('connectionError tells of a socket that failed', async () => {
    const { gateway, connect } = await start();
    const events = record(gateway, 'connectionError');
    const client = await connect();
    await client.send(metadataApi, 9, ALL);
    client.reset();
    await vi.waitFor(() => {
      expect(events).toHaveLength(1);
    });
    expect(events[0]).toMatchObject({ connection: { remotePort: expect.any(Number) }, error: { code: 'ECONNRESET' } });
  });

  test('requestError names the backend and what it threw', async () => {
    const failed = new Error('disk');
    const backend = { ...createStubBackend(), name: 'mine', metadata: () => Promise.reject(failed) };
    const { gateway, connect } = await start({ backend });
    const events = record(gateway, 'requestError');
    const client = await connect();
    await client.send(metadataApi, 9, { topics: [{ name: 'a' }] });
    expect(events).toEqual([
      {
        connection: anyConnection(client.socket.localPort),
        backend: 'mine',
        api: 'metadata',
        context: expect.objectContaining({ api: 'metadata' }),
        error: failed,
      },
    ]);
  });
});

describe('listeners', () => {
  test('on, once and off return the gateway', async () => {
    const { gateway } = await start();
    const listener = () => undefined;
    expect(gateway.on('request', listener).once('request', listener).off('request', listener)).toBe(gateway);
  });

  test('once hears of one request, off ends it', async () => {
    const { gateway, connect } = await start();
    const always = vi.fn();
    const once = vi.fn();
    gateway.on('request', always).once('request', once);
    const client = await connect();
    await client.send(metadataApi, 9, ALL);
    await client.send(metadataApi, 9, ALL);
    gateway.off('request', always);
    await client.send(metadataApi, 9, ALL);
    expect(always).toHaveBeenCalledTimes(2);
    expect(once).toHaveBeenCalledTimes(1);
  });

  const NAMES = [
    'listening',
    'connection',
    'disconnect',
    'request',
    'response',
    'unsupportedVersion',
    'protocolError',
    'connectionError',
    'requestError',
    'close',
  ] as const;

  /** Everything that a gateway has an event for. */
  async function everything(gateway: KafkaGateway, port: number): Promise<void> {
    const connect = () => WireClient.connect(port);
    const [first, second, third] = [await connect(), await connect(), await connect()];
    await first.send(metadataApi, 9, { topics: [{ name: 'a' }] });
    first.post(metadataApi, 10, ALL);
    await first.next();
    second.sendRaw(framed(Buffer.alloc(1)));
    await second.closed;
    await third.send(produceApi, 9, PRODUCE);
    third.reset();
    await vi.waitFor(() => {
      expect(gateway.stats().connections).toBe(1);
    });
    await first.close();
  }

  const failing: readonly (readonly [string, () => unknown])[] = [
    [
      'throw',
      () => {
        throw new Error('listener');
      },
    ],
    ['reject', () => Promise.reject(new Error('listener'))],
  ];

  test.each(failing)('that %s harm nobody: each is reported as error, and all goes on', async (_how, listener) => {
    const produce = () => {
      throw new Error('disk');
    };
    const gateway = createKafkaGateway({ listener: { port: 0 }, backend: { ...createStubBackend(), produce } });
    const errors = record(gateway, 'error');
    for (const name of NAMES) gateway.on(name, listener);
    const { port } = await gateway.listen();
    await everything(gateway, port);
    await gateway.close();
    await new Promise((resolve) => setImmediate(resolve));
    const failed = new Set(errors.map(({ message }) => /'(\w+)'/.exec(message)?.[1]));
    expect([...failed].sort()).toEqual([...NAMES].sort());
    expect(errors[0]).toMatchObject({ cause: { message: 'listener' } });
  });

  test('that wait for nothing hold up no answer', async () => {
    const { gateway, connect } = await start();
    const endless: () => unknown = () => new Promise(() => undefined);
    gateway.on('request', endless);
    const client = await connect();
    await client.send(metadataApi, 9, ALL);
  });

  test('that close the gateway from within an event are served', async () => {
    const { gateway, connect } = await startBackend({ metadata: answer });
    gateway.once('request', () => void gateway.close());
    const client = await connect();
    await client.send(metadataApi, 9, ALL);
    await client.closed;
  });
});

test('an error without a listener becomes a process warning, and the gateway goes on', async () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  try {
    const { gateway, connect } = await start();
    gateway.on('request', () => {
      throw new Error('listener');
    });
    const client = await connect();
    await client.send(metadataApi, 9, ALL);
    expect(warnings).toHaveBeenCalledExactlyOnceWith(
      "a listener of the gateway's 'request' event failed: Error: listener",
      expect.objectContaining({ type: 'KafkaGatewayWarning' }),
    );
  } finally {
    warnings.mockRestore();
  }
});
