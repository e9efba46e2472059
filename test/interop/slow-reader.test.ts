import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { metadataApi, type MetadataRequestInit } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { decodeResponseFrame, encodeRequestFrame, WireClient } from '../support/wire-client.js';
import { show, startStub } from './scenario.js';

const NOT_READING_MS = 60_000;
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Answers of 7 KB to requests of 600 bytes: the answers fill what holds them, long before the requests do. */
const TOPICS = 200;
const BATCH = 50;
/** Some 140 MB of answers: more than any two socket buffers. */
const MAX_REQUESTS = 20_000;
/** So many are left waiting at the end. */
const WAITING_REQUESTS = 1_000;
const VERSION = 1;

function request(id: number): Buffer {
  const topics = [`topic-${id}`, ...Array.from({ length: TOPICS - 1 }, () => 't')].map((name) => ({ name }));
  const init: MetadataRequestInit = { topics };
  return encodeRequestFrame(metadataApi, VERSION, init, { correlationId: id });
}

describe('raw socket', () => {
  test('a client that does not read for 60 s and then goes on gets every answer, in order', async (context) => {
    await using stub = await startStub('accepting', { maxUnsentBytes: MAX_UNSENT_BYTES });
    const client = await WireClient.connect(stub.port);
    client.socket.pause();

    let sent = 0;
    const unsent = (): number => stub.gateway.stats().inFlightBytes;
    // Until the gateway lags behind, and stays so: it does not answer while that many bytes wait for the client.
    while (sent - stub.asked.length < WAITING_REQUESTS && sent < MAX_REQUESTS) {
      client.sendRaw(Buffer.concat(Array.from({ length: BATCH }, () => request(++sent))));
      await vi.waitFor(
        () => {
          if (unsent() < MAX_UNSENT_BYTES) expect(stub.asked.length).toBe(sent);
        },
        { timeout: 20_000, interval: 1 },
      );
      await nextTurn();
    }

    // No wait for something to happen: a minute without reading is what is tested.
    await pause(NOT_READING_MS);

    const answered = stub.asked.length;
    expect(answered, 'answers made while there was no room for more').toBeLessThan(sent);
    expect(unsent(), 'bytes held for the client').toBeGreaterThanOrEqual(MAX_UNSENT_BYTES);
    expect(unsent(), 'bytes held for the client').toBeLessThan(3 * MAX_UNSENT_BYTES);
    const other = await WireClient.connect(stub.port);
    expect((await other.send(metadataApi, VERSION, { topics: null })).response.controllerId).toBe(1);
    await other.close();

    client.socket.resume();
    for (let id = 1; id <= sent; id++) {
      const frame = await client.next();
      expect(frame.correlationId).toBe(id);
      const { topics } = decodeResponseFrame(metadataApi, VERSION, frame);
      expect([topics.length, topics[0]?.name]).toEqual([TOPICS, `topic-${id}`]);
    }
    await client.close();
    const told = `raw socket: ${sent} requests, then not reading for ${NOT_READING_MS / 1000} s, then reading on`;
    const seen = `${answered} answers were made, ${sent - answered} requests waited; then all ${sent} came, in order`;
    await show(context, { command: told, exitCode: 0, stdout: seen, stderr: '' }, { ...stub, asked: [] });
    expect(stub.trouble).toEqual([]);
  });
});
