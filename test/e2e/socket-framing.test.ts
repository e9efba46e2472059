import { apiVersionsApi, metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { type Observed, startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { decodeResponseFrame, encodeRequestFrame, framed, software } from '../support/wire-client.js';

expectQuietProcess();

const partitionData = [{ index: 0, records: Buffer.alloc(30, 1) }];
const produce = encodeRequestFrame(produceApi, 9, {
  acks: 1,
  timeoutMs: 1,
  topicData: [{ name: 'topic', partitionData }],
});

async function expectAlive({ connect }: Observed): Promise<void> {
  const client = await connect();
  const { response } = await client.send(apiVersionsApi, 3, software);
  expect(response.errorCode).toBe(0);
}

describe('a length prefix', () => {
  test.each([
    ['0', 0, 'a frame of 0 bytes; 1 to 104857600 are allowed'],
    ['-1', -1, 'a frame of -1 bytes; 1 to 104857600 are allowed'],
    ['the least int32', -0x8000_0000, 'a frame of -2147483648 bytes; 1 to 104857600 are allowed'],
    ['2 GiB less a byte', 0x7fff_ffff, 'a frame of 2147483647 bytes; 1 to 104857600 are allowed'],
    ['one over the limit', 104_857_601, 'a frame of 104857601 bytes; 1 to 104857600 are allowed'],
  ])('of %s closes its connection, and that one only', async (_, length, message) => {
    const running = await startObserved();
    const [bad, good] = [await running.connect(), await running.connect()];
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(length);
    // What was asked before it is answered; what comes after it is not looked at.
    const before = encodeRequestFrame(apiVersionsApi, 0, {}, { correlationId: 7 });
    bad.sendRaw(Buffer.concat([before, prefix, before]));
    await bad.closed;
    expect(bad.arrived).toEqual([7]);
    expect(running.protocolErrors).toMatchObject([
      { error: { name: 'FrameLengthError', length, message }, apiKey: null, apiVersion: null },
    ]);
    await good.send(metadataApi, 9, { topics: null });
  });

  test('up to the limit is taken, and nothing is set aside for what it promises', async () => {
    const { gateway, connect, disconnects } = await startObserved();
    const clients = await Promise.all(Array.from({ length: 50 }, () => connect()));
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(104_857_600);
    const before = process.memoryUsage();
    for (const client of clients) client.sendRaw(Buffer.concat([prefix, Buffer.alloc(6)]));
    await vi.waitUntil(() => gateway.stats().inFlightBytes === clients.length * 6);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4 * 1024 * 1024);
    expect(disconnects).toEqual([]);
  });

  test('is held against maxFrameBytes', async () => {
    const { connect, protocolErrors } = await startObserved({ maxFrameBytes: 64 });
    const client = await connect();
    const topic = (length: number): object => ({ topics: [{ name: 'x'.repeat(length) }] });
    const base = encodeRequestFrame(metadataApi, 0, topic(0) as never).length - 4;
    const longest = encodeRequestFrame(metadataApi, 0, topic(64 - base) as never, { correlationId: 1 });
    expect(longest.readInt32BE(0)).toBe(64);
    client.sendRaw(longest);
    await client.next();
    client.sendRaw(encodeRequestFrame(metadataApi, 0, topic(65 - base) as never, { correlationId: 2 }));
    await client.closed;
    expect(client.arrived).toEqual([1]);
    expect(protocolErrors).toMatchObject([{ error: { length: 65, limit: 64 } }]);
  });
});

describe('a frame', () => {
  test('that comes a byte at a time is answered, and so is the next', async () => {
    const { connect } = await startObserved();
    const client = await connect();
    for (const correlationId of [1, 2]) {
      const frame = Buffer.from(produce);
      frame.writeInt32BE(correlationId, 8);
      for (const byte of frame) {
        client.sendRaw(Buffer.of(byte));
        // A packet of its own for each.
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answer = await client.next();
      expect(answer.correlationId).toBe(correlationId);
      expect(decodeResponseFrame(produceApi, 9, answer).responses).toHaveLength(1);
    }
  });

  test('may come with forty-nine others in one chunk: they are answered in their order', async () => {
    const { connect } = await startObserved();
    const client = await connect();
    const frames = Array.from({ length: 50 }, (_, correlationId) =>
      correlationId % 2 === 0
        ? encodeRequestFrame(apiVersionsApi, 3, software, { correlationId })
        : encodeRequestFrame(metadataApi, 9, { topics: [{ name: String(correlationId) }] }, { correlationId }),
    );
    client.sendRaw(Buffer.concat(frames));
    for (let id = 0; id < 50; id++) {
      const answer = await client.next();
      expect(answer.correlationId).toBe(id);
      if (id % 2 === 1) {
        expect(decodeResponseFrame(metadataApi, 9, answer).topics).toMatchObject([{ name: String(id) }]);
      }
    }
  });

  test('with bytes after its body is answered, and counted', async () => {
    const { gateway, connect, protocolErrors } = await startObserved();
    const client = await connect();
    const body = encodeRequestFrame(metadataApi, 9, { topics: null }).subarray(4);
    for (const trailing of [1, 4, 1000]) {
      client.sendRaw(framed(Buffer.concat([body, Buffer.alloc(trailing, 0xff)])));
      expect(decodeResponseFrame(metadataApi, 9, await client.next()).brokers).toHaveLength(1);
    }
    await client.send(metadataApi, 9, { topics: null });
    expect(gateway.stats().requestsWithTrailingBytes).toBe(3);
    expect(protocolErrors).toEqual([]);
  });

  test.each([1, 2, 4, 7])('of %i bytes has no header: its connection is closed', async (length) => {
    const { connect, protocolErrors } = await startObserved();
    const client = await connect();
    client.sendRaw(framed(Buffer.alloc(length)));
    await client.closed;
    expect(client.arrived).toEqual([]);
    expect(protocolErrors).toMatchObject([
      { error: { name: 'DecodeError', code: 'TRUNCATED' }, apiKey: null, apiVersion: null },
    ]);
  });
});

describe('a client that leaves in the middle of a frame', () => {
  const cuts = Array.from({ length: produce.length - 1 }, (_, index) => index + 1);

  test('at any byte, by ending its side, gets no answer and leaves nothing behind', async () => {
    const running = await startObserved();
    await Promise.all(
      cuts.map(async (cut) => {
        const client = await running.connect();
        client.sendRaw(produce.subarray(0, cut));
        client.end();
        await client.closed;
        expect(client.arrived).toEqual([]);
      }),
    );
    await vi.waitUntil(() => running.disconnects.length === cuts.length);
    // Half a frame is nothing that was said: no error, for there is nothing to tell anyone.
    expect(running.protocolErrors).toEqual([]);
    expect(running.gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
    await expectAlive(running);
  });

  test('at any byte, by a reset, leaves nothing behind', async () => {
    const running = await startObserved();
    await Promise.all(
      cuts.map(async (cut) => {
        const client = await running.connect();
        await new Promise((resolve) => client.socket.write(produce.subarray(0, cut), resolve));
        client.reset();
        await client.closed;
        expect(client.arrived).toEqual([]);
      }),
    );
    await vi.waitUntil(() => running.disconnects.length === cuts.length);
    expect(running.protocolErrors).toEqual([]);
    for (const { error } of running.connectionErrors) expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(running.gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
    await expectAlive(running);
  });

  test('after whole frames gets their answers first', async () => {
    const { connect } = await startObserved();
    const client = await connect({ allowHalfOpen: true });
    client.sendRaw(Buffer.concat([produce, produce, produce.subarray(0, 20)]));
    client.end();
    await client.closed;
    expect(client.arrived).toEqual([1, 1]);
  });
});
