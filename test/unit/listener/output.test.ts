import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { InFlightBytes } from '../../../src/listener/in-flight-bytes.js';
import { Output, type OutputOwner, type OutputShared } from '../../../src/listener/output.js';
import { SweepClock } from '../../../src/listener/sweep-clock.js';
import { Turn } from '../../../src/listener/turn.js';
import { defer } from '../../support/deferred.js';
import { ownServer } from '../../support/own-server.js';

const OWNER: OutputOwner = {
  onUnsent: vi.fn<() => void>(),
  onTaken: vi.fn<() => void>(),
  onTimeout: vi.fn<() => void>(),
  onReleaseFailed: vi.fn<() => void>(),
};

function shared(): OutputShared {
  const limits = {
    maxFrameBytes: 1000,
    maxUnsentBytes: 1000,
    idleTimeoutMs: 60_000,
    frameTimeoutMs: 60_000,
    writeTimeoutMs: 60_000,
  };
  return { limits, turn: new Turn(), inFlight: new InFlightBytes(1000), clock: new SweepClock() };
}

/** Both ends of a connection; the client reads nothing yet. */
async function pair(): Promise<{ readonly client: Socket; readonly server: Socket }> {
  const accepted = defer<Socket>();
  const client = connect(await ownServer((socket) => accepted.resolve(socket)), '127.0.0.1').pause();
  await once(client, 'connect');
  return { client, server: await accepted.promise };
}

test.each([false, true])(
  'the ends of an answer that its client has not taken stay as they are, with an owner of its records: %s',
  async (owned) => {
    const common = shared();
    const { responses, outbox } = common.turn;
    const { writer } = responses;
    const [large, small] = [await pair(), await pair()];
    const [toLarge, toSmall] = [new Output(large.server, common, OWNER), new Output(small.server, common, OWNER)];
    // Far more than the kernel takes of it at once.
    const records = Buffer.alloc(32 * 1024 * 1024, 'r');
    const release = vi.fn<() => void>();

    writer.raw(Buffer.from('waits'));
    toSmall.flush();
    writer.raw(Buffer.from('head'));
    writer.records(owned ? { chunks: [records], release } : records, false);
    writer.raw(Buffer.from('tail'));
    toLarge.flush();
    expect(large.server.writableLength).toBeGreaterThan(0);
    for (let count = 0; count < 100; count++) {
      writer.raw(Buffer.from('another answer'));
      toSmall.flush();
    }
    outbox.send();
    large.server.end();
    const taken = await buffer(large.client);
    expect(taken.length).toBe(4 + 4 + records.length + 4);
    expect(taken.toString('latin1', 0, 4)).toBe('head');
    expect(taken.toString('latin1', taken.length - 4)).toBe('tail');
    expect(release).toHaveBeenCalledTimes(owned ? 1 : 0);
    small.server.end();
    expect((await buffer(small.client)).toString()).toBe('waits' + 'another answer'.repeat(100));
  },
);

test('a response for a closed socket is dropped, and a release that throws is reported', async () => {
  const common = shared();
  const { writer } = common.turn.responses;
  const { server } = await pair();
  const onReleaseFailed = vi.fn<(error: unknown) => void>();
  const output = new Output(server, common, { ...OWNER, onReleaseFailed });
  server.destroy();
  const failure = new Error('pool is broken');
  const release = (): void => {
    throw failure;
  };
  writer.records({ chunks: [Buffer.alloc(64 * 1024)], release }, false);
  output.flush();
  expect(common.turn.responses.length).toBe(0);
  expect(onReleaseFailed).toHaveBeenCalledExactlyOnceWith(failure);
});
