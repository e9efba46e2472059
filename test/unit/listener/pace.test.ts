import { expect, test } from 'vitest';
import { InFlightBytes } from '../../../src/listener/in-flight-bytes.js';
import { Pace } from '../../../src/listener/pace.js';

const FRAME_TIMEOUT_MS = 100;
const LIMITS = {
  maxFrameBytes: 1000,
  maxUnsentBytes: 1000,
  idleTimeoutMs: 60_000,
  frameTimeoutMs: FRAME_TIMEOUT_MS,
  writeTimeoutMs: 60_000,
};

/** A client in the middle of a frame; with memory short, it is the one that is read from. */
function client(memory: 'short' | 'enough'): Pace {
  const inFlight = new InFlightBytes(1000);
  const member = { midFrame: true, mayReadAgain: () => undefined };
  if (memory === 'short') inFlight.change(1000);
  inFlight.mayRead(member);
  const pace = new Pace(member, LIMITS, inFlight);
  pace.check(0);
  return pace;
}

test('a client that is read from while memory is short must send 64 KiB within the time for a frame', () => {
  const pace = client('short');
  pace.received(64 * 1024 - 1);
  expect(pace.check(FRAME_TIMEOUT_MS)).toBeNull();
  expect(pace.check(FRAME_TIMEOUT_MS + 1)).toMatchObject({
    name: 'ConnectionTimeoutError',
    limit: 'frameTimeoutMs',
    message: 'with memory short, less than 65536 bytes of a frame in 100 ms',
  });
});

test('the time starts again with each 64 KiB', () => {
  const pace = client('short');
  for (let now = FRAME_TIMEOUT_MS; now < 10 * FRAME_TIMEOUT_MS; now += FRAME_TIMEOUT_MS) {
    pace.received(64 * 1024);
    expect(pace.check(now)).toBeNull();
  }
});

test('a client may be slow while there is memory for all', () => {
  expect(client('enough').check(10 * FRAME_TIMEOUT_MS)).toBeNull();
});
