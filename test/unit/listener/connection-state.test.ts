import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConnectionState, type Phase } from '../../../src/listener/connection-state.js';
import { DONE, type PendingFrame } from '../../../src/listener/frame-handler.js';

const FRAME: PendingFrame = { whenSettled: () => undefined, complete: () => DONE };
const NO_FRAMES = { hasFrame: false };
const FRAMES = { hasFrame: true };

function open(): ConnectionState {
  const state = new ConnectionState();
  state.connected();
  return state;
}

function withRequest(): ConnectionState {
  const state = open();
  state.requestStarted(FRAME, 100);
  return state;
}

describe('frames', () => {
  test('wait until the connection is open', () => {
    const state = new ConnectionState();
    expect(state.handlesFrames).toBe(false);
    state.connected();
    expect(state.handlesFrames).toBe(true);
  });

  test('wait while a request is in flight, and until its response is encoded', () => {
    const state = withRequest();
    expect(state.handlesFrames).toBe(false);
    expect(state.settledFrame).toBeNull();
    expect(state.requestBytes).toBe(100);
    state.requestSettled();
    expect(state.handlesFrames).toBe(false);
    expect(state.settledFrame).toBe(FRAME);
    state.requestCompleted();
    expect(state.handlesFrames).toBe(true);
    expect(state.settledFrame).toBeNull();
    expect(state.requestBytes).toBe(0);
  });

  test('wait while other connections go first', () => {
    const state = open();
    state.isYielding = true;
    expect(state.handlesFrames).toBe(false);
  });

  test('are handled after the client has ended its side, and while the gateway drains', () => {
    const state = open();
    state.inputEnded(5);
    state.drain();
    expect(state.handlesFrames).toBe(true);
    expect(state.inputEndedAt).toBe(5);
  });

  test('are dropped once the connection has finished', () => {
    const state = open();
    state.finish();
    expect(state).toMatchObject({ phase: 'finished', handlesFrames: false, isFinished: true });
  });
});

describe('a steady connection', () => {
  test('is open, reads, and has no request in flight', () => {
    expect(open().isSteady).toBe(true);
    expect(new ConnectionState().isSteady).toBe(false);
    expect(withRequest().isSteady).toBe(false);
  });

  test.each<readonly [string, (state: ConnectionState) => void]>([
    ['the socket is paused', (state) => (state.isReading = false)],
    ['the client has ended its side', (state) => state.inputEnded(0)],
    ['the gateway drains', (state) => state.drain()],
    ['it has finished', (state) => state.finish()],
  ])('is not steady when %s', (_, change) => {
    const state = open();
    change(state);
    expect(state.isSteady).toBe(false);
  });
});

describe('our side ends', () => {
  test.each<readonly [string, (state: ConnectionState) => void]>([
    ['after the client has ended its side', (state) => state.inputEnded(0)],
    ['when the gateway drains', (state) => state.drain()],
  ])('%s, once no whole frame is left', (_, change) => {
    const state = open();
    expect(state.end(NO_FRAMES)).toBe(false);
    change(state);
    expect(state.end(FRAMES)).toBe(false);
    expect(state.phase).toBe('open');
    expect(state.end(NO_FRAMES)).toBe(true);
    expect(state.phase).toBe('ended');
    expect(state.end(NO_FRAMES)).toBe(false);
  });

  test('not before a connection that drains is open and its frames are handled', () => {
    const state = new ConnectionState();
    state.drain();
    expect(state.end(NO_FRAMES)).toBe(false);
    state.connected();
    state.isYielding = true;
    expect(state.end(NO_FRAMES)).toBe(false);
    state.isYielding = false;
    expect(state.end(NO_FRAMES)).toBe(true);
  });

  test('at once when it has finished, whatever the client has sent', () => {
    const state = open();
    state.finish();
    expect(state.end(FRAMES)).toBe(true);
  });

  test('not before the request in flight is answered', () => {
    const state = withRequest();
    state.finish();
    expect(state.end(FRAMES)).toBe(false);
    state.requestSettled();
    expect(state.end(FRAMES)).toBe(false);
    state.requestCompleted();
    expect(state.end(FRAMES)).toBe(true);
  });

  test('at once when the gateway aborts, without a request in flight', () => {
    for (const state of [open(), new ConnectionState()]) {
      state.abort();
      expect(state.phase).toBe('finished');
      expect(state.end(FRAMES)).toBe(true);
    }
  });

  test('after the request in flight when the gateway aborts, without those behind it', () => {
    const state = withRequest();
    state.drain();
    state.abort();
    state.drain();
    expect(state).toMatchObject({ phase: 'open', shutdown: 'aborting' });
    state.requestSettled();
    state.requestCompleted();
    expect(state.phase).toBe('finished');
    expect(state.end(FRAMES)).toBe(true);
  });

  test('never after the socket is closed', () => {
    const state = open();
    state.closed();
    state.finish();
    state.connected();
    expect(state.end(NO_FRAMES)).toBe(false);
    expect(state.phase).toBe('closed');
  });
});

test('phases never return, and no frame is handled or response awaited past the end, in any order of events', () => {
  const phases: readonly Phase[] = ['connecting', 'open', 'finished', 'ended', 'closed'];
  const events: Readonly<Record<string, (state: ConnectionState) => void>> = {
    connected: (state) => state.connected(),
    frame: (state) => {
      if (state.handlesFrames) state.requestStarted(FRAME, 1);
    },
    settled: (state) => {
      if (state.request === 'running') state.requestSettled();
    },
    completed: (state) => {
      if (state.settledFrame !== null) state.requestCompleted();
    },
    inputEnded: (state) => state.inputEnded(0),
    drain: (state) => state.drain(),
    abort: (state) => state.abort(),
    finish: (state) => state.finish(),
    yield: (state) => (state.isYielding = !state.isYielding),
    end: (state) => {
      if (state.end(NO_FRAMES)) expect(state.request).toBe('none');
    },
    endWithFrames: (state) => {
      if (state.end(FRAMES)) expect(state.request).toBe('none');
    },
    closed: (state) => state.closed(),
  };
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...Object.keys(events)), { maxLength: 40 }), (names) => {
      const state = new ConnectionState();
      for (const name of names) {
        const before = phases.indexOf(state.phase);
        events[name]!(state);
        expect(phases.indexOf(state.phase)).toBeGreaterThanOrEqual(before);
        if (state.isFinished) expect(state.handlesFrames).toBe(false);
        if (state.phase === 'ended') expect(state.request).toBe('none');
        expect(state.requestBytes > 0).toBe(state.request !== 'none');
      }
    }),
  );
});
