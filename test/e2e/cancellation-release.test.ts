import { type Backend, createStubBackend, KafkaError } from 'iggy-gateway-kafka';
import { fetchApi, type FetchRequestInit, type FetchResponseInit, type RecordsInit } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { record, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { type WireClient, WireClosedError } from '../support/wire-client.js';

const SMALL = 100;
const LARGE = 64 * 1024;
const HUGE = 16 * 1024 * 1024;

expectQuietProcess();

/** Records whose owner counts how often they are given back. */
function owned(bytes: number) {
  const release = vi.fn<() => void>();
  const records = { chunks: [Buffer.alloc(bytes, 'a'), Buffer.alloc(bytes, 'b')], release };
  return { release, records };
}

function response(...records: (RecordsInit | null)[]): FetchResponseInit {
  return {
    errorCode: 0,
    responses: [
      {
        topic: 'a',
        partitions: records.map((each, partitionIndex) => ({
          partitionIndex,
          errorCode: 0,
          highWatermark: 0n,
          abortedTransactions: null,
          records: each,
        })),
      },
    ],
  };
}

const REQUEST: FetchRequestInit = {
  maxWaitMs: 0,
  minBytes: 0,
  topics: [{ topic: 'a', partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: HUGE }] }],
};

function startFetch(fetch: NonNullable<Backend['fetch']>, options = {}) {
  return startBackend({ ...createStubBackend(), fetch }, options);
}

async function send(client: WireClient): Promise<(string | undefined)[]> {
  const answered = await client.send(fetchApi, 12, REQUEST);
  return answered.response.responses.flatMap(({ partitions }) =>
    partitions.map(({ records }) => records?.toString('latin1')),
  );
}

describe('records with an owner are given back once', () => {
  test.each([
    ['copied', SMALL],
    ['sent as they are', LARGE],
  ])('after they were %s', async (_how, size) => {
    const all = [owned(size), owned(size), owned(0)];
    const { connect } = await startFetch(() => response(...all.map(({ records }) => records), Buffer.from('c'), null));
    const text = 'a'.repeat(size) + 'b'.repeat(size);
    expect(await send(await connect())).toEqual([text, text, '', 'c', undefined]);
    await vi.waitFor(() => {
      expect(all.map(({ release }) => release.mock.calls.length)).toEqual([1, 1, 1]);
    });
  });

  test('on the object that has them', async () => {
    class Chunk {
      readonly chunks = [Buffer.from('abc')];
      #released = 0;
      release(): void {
        this.#released++;
      }
      get released(): number {
        return this.#released;
      }
    }
    const chunk = new Chunk();
    const { connect } = await startFetch(() => response(chunk));
    await send(await connect());
    await vi.waitFor(() => {
      expect(chunk.released).toBe(1);
    });
  });

  test('and not before the client has taken the bytes', async () => {
    const { release, records } = owned(HUGE);
    const { gateway, connect } = await startFetch(() => response(records));
    const client = await connect();
    client.socket.pause();
    const answered = client.send(fetchApi, 12, REQUEST);
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(HUGE);
    });
    expect(release).not.toHaveBeenCalled();
    client.socket.resume();
    const { response: received } = await answered;
    expect(received.responses[0]?.partitions[0]?.records?.length).toBe(2 * HUGE);
    await vi.waitFor(() => {
      expect(release).toHaveBeenCalledOnce();
    });
  });

  test('when the client goes without having taken them', async () => {
    const { release, records } = owned(HUGE);
    const { gateway, connect } = await startFetch(() => response(records));
    const client = await connect();
    client.socket.pause();
    client.post(fetchApi, 12, REQUEST);
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(HUGE);
    });
    client.reset();
    await gateway.close();
    expect(release).toHaveBeenCalledOnce();
  });

  test.each([[SMALL], [LARGE]])('when the client had gone before the answer came (%d bytes)', async (size) => {
    const { release, records } = owned(size);
    const entered = defer<AbortSignal>();
    const released = defer();
    const { gateway, connect } = await startFetch(async (_request, { signal }) => {
      entered.resolve(signal);
      await released.promise;
      return response(records);
    });
    const client = await connect();
    const cut = expect(send(client)).rejects.toBeInstanceOf(WireClosedError);
    const signal = await entered.promise;
    client.reset();
    await cut;
    await vi.waitFor(() => {
      expect(signal.aborted).toBe(true);
    });
    released.resolve();
    await gateway.close();
    expect(release).toHaveBeenCalledOnce();
  });

  test('when the answer came after its time', async () => {
    const { release, records } = owned(LARGE);
    const released = defer();
    const { gateway, connect } = await startFetch(() => released.promise.then(() => response(records)), {
      requestTimeoutMs: 1,
    });
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const { response: received } = await client.send(fetchApi, 12, REQUEST);
    expect(received).toMatchObject({ errorCode: 7, responses: [{ partitions: [{ errorCode: 7 }] }] });
    expect(release).not.toHaveBeenCalled();
    released.resolve();
    await gateway.close();
    expect(errors).toMatchObject([{ api: 'fetch', error: { cause: 'timeout' } }]);
    expect(release).toHaveBeenCalledOnce();
  });

  test('when another part of the response does not fit', async () => {
    const all = [owned(SMALL), owned(LARGE), owned(LARGE)];
    const { gateway, connect } = await startFetch(() => {
      const broken = response(...all.map(({ records }) => records));
      const [, second] = broken.responses[0]?.partitions ?? [];
      Object.assign(second as object, { highWatermark: 'high' });
      return broken;
    });
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const { response: received } = await client.send(fetchApi, 12, REQUEST);
    expect(received.errorCode).toBe(-1);
    expect(errors.map(({ error }) => (error as Error).message)).toEqual([
      'responses[0].partitions[1].highWatermark: "high" is not a bigint',
    ]);
    await gateway.close();
    expect(all.map(({ release }) => release.mock.calls.length)).toEqual([1, 1, 1]);
  });

  test('when the handler answers as the gateway closes', async () => {
    const { release, records } = owned(LARGE);
    const entered = defer();
    const { gateway, connect } = await startFetch((_request, { signal }) => {
      entered.resolve();
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve(response(records));
        });
      });
    });
    const client = await connect();
    const answered = send(client);
    await entered.promise;
    await gateway.close({ drainTimeoutMs: 0 });
    await answered;
    expect(release).toHaveBeenCalledOnce();
  });
});

describe('an owner that throws', () => {
  const failing = () => ({
    chunks: [Buffer.alloc(LARGE)],
    release: vi.fn(() => {
      throw new KafkaError(1, 'pool is broken');
    }),
  });

  test('after the write is reported, and keeps nobody else’s from being given back', async () => {
    const first = failing();
    const second = owned(LARGE);
    const { gateway, connect } = await startFetch(() => response(first, second.records));
    const errors = record(gateway, 'requestError');
    const client = await connect();
    await send(client);
    await vi.waitFor(() => {
      expect(second.release).toHaveBeenCalledOnce();
    });
    expect(first.release).toHaveBeenCalledOnce();
    expect(errors).toMatchObject([{ api: 'release', error: { message: 'pool is broken' } }]);
    await send(client);
  });

  test('as the response is dropped keeps nobody else’s from being given back', async () => {
    const first = failing();
    const second = owned(LARGE);
    const { gateway, connect } = await startFetch(() => ({
      ...response(first, second.records),
      errorCode: 'none' as never,
    }));
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const { response: received } = await client.send(fetchApi, 12, REQUEST);
    expect(received.errorCode).toBe(-1);
    await gateway.close();
    expect(errors.map(({ api }) => api)).toEqual(['release', 'fetch']);
    expect(first.release).toHaveBeenCalledOnce();
    expect(second.release).toHaveBeenCalledOnce();
  });
});
