import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { createKafkaGateway } from 'iggy-gateway-kafka';
import { GuardedEvents } from '../../src/events.js';
import { thrownBy } from '../support/thrown-by.js';

const endpoint = { host: '127.0.0.1', port: 9093 };
const listening = { endpoint, advertised: endpoint };

let warnings: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(() => {
  warnings.mockRestore();
});

/** Rejections of listeners are seen a tick later. */
async function ticks(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('listeners', () => {
  test('they are called in the order in which they came, with the event', () => {
    const events = new GuardedEvents();
    const calls: unknown[] = [];
    events.on('listening', (event) => calls.push(['first', event]));
    events.on('listening', (event) => calls.push(['second', event]));
    events.emit('listening', listening);
    expect(calls).toEqual([
      ['first', listening],
      ['second', listening],
    ]);
  });

  test('on is called each time, once a single time, and after off not at all', () => {
    const events = new GuardedEvents();
    const always = vi.fn();
    const once = vi.fn();
    const never = vi.fn();
    events.on('close', always);
    events.once('close', once);
    events.on('close', never);
    events.off('close', never);
    events.emit('close');
    events.emit('close');
    expect(always).toHaveBeenCalledTimes(2);
    expect(once).toHaveBeenCalledTimes(1);
    expect(never).not.toHaveBeenCalled();
  });

  test('once may be taken back by its own function', () => {
    const events = new GuardedEvents();
    const once = vi.fn();
    events.once('close', once);
    events.off('close', once);
    events.emit('close');
    expect(once).not.toHaveBeenCalled();
  });

  test('a listener that emits again within its call is not called for ever', () => {
    const events = new GuardedEvents();
    let calls = 0;
    events.once('close', () => {
      calls++;
      events.emit('close');
    });
    events.emit('close');
    expect(calls).toBe(1);
  });
});

describe('what cannot be listened to', () => {
  test.each(['on', 'once', 'off'] as const)('%s refuses an unknown event with the nearest name', (method) => {
    const gateway = createKafkaGateway();
    expect(thrownBy(() => gateway[method]('respons' as 'close', () => undefined))).toMatchObject({
      name: 'OptionError',
      code: 'INVALID_OPTION',
      message: 'option event is "respons"; there is no such event; did you mean response?',
    });
    expect(thrownBy(() => gateway[method]('data' as 'close', () => undefined))).toMatchObject({
      message: expect.stringContaining('there is no such event; there are listening, connection, '),
    });
    expect(thrownBy(() => gateway[method](Symbol('a') as unknown as 'close', () => undefined))).toMatchObject({
      message: expect.stringContaining('option event is Symbol(a); '),
    });
  });

  test.each(['on', 'once', 'off'] as const)('%s refuses a listener that is not a function', (method) => {
    expect(thrownBy(() => createKafkaGateway()[method]('close', undefined as never))).toMatchObject({
      name: 'OptionError',
      message: 'option listener is undefined; expected a function',
    });
  });
});

describe('whether anyone listens', () => {
  test('is known, so that the objects of events are made for nobody in vain', () => {
    const events = new GuardedEvents();
    const listener = vi.fn();
    expect(events.has('unsupportedVersion')).toBe(false);
    events.on('unsupportedVersion', listener);
    expect(events.has('unsupportedVersion')).toBe(true);
    events.off('unsupportedVersion', listener);
    expect(events.has('unsupportedVersion')).toBe(false);
  });

  test.each(['request', 'response'] as const)('is a plain field for %s, which every request looks at', (name) => {
    const events = new GuardedEvents();
    const first = vi.fn();
    const second = vi.fn();
    expect(events[name]).toBe(false);
    events.on(name, first);
    events.once(name, second);
    expect(events[name]).toBe(true);
    events.off(name, first);
    expect(events[name]).toBe(true);
    events.emit(name, {} as never);
    expect(second).toHaveBeenCalledOnce();
    expect(events[name]).toBe(false);
  });
});

describe('a listener that fails', () => {
  test('by a throw is reported as error, and keeps the event from nobody', () => {
    const events = new GuardedEvents();
    const errors: Error[] = [];
    const cause = new Error('boom');
    const after = vi.fn();
    events.on('error', (error) => errors.push(error));
    events.on('listening', () => {
      throw cause;
    });
    events.on('listening', after);
    expect(() => {
      events.emit('listening', listening);
    }).not.toThrow();
    expect(after).toHaveBeenCalledOnce();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      message: "a listener of the gateway's 'listening' event failed: Error: boom",
      cause,
    });
  });

  test('by a rejection is reported as error', async () => {
    const events = new GuardedEvents();
    const errors: Error[] = [];
    events.on('error', (error) => errors.push(error));
    const rejects: () => unknown = () => Promise.reject(new Error('later'));
    events.on('close', rejects);
    events.emit('close');
    await ticks();
    expect(errors.map((error) => error.message)).toEqual([
      "a listener of the gateway's 'close' event failed: Error: later",
    ]);
  });

  test('by a then that throws is reported as error', () => {
    const events = new GuardedEvents();
    const errors: Error[] = [];
    events.on('error', (error) => errors.push(error));
    events.on('close', () => ({
      then() {
        throw new Error('no promise');
      },
    }));
    events.emit('close');
    expect(errors).toHaveLength(1);
  });

  test('with something that cannot be shown is reported all the same', () => {
    const events = new GuardedEvents();
    const errors: Error[] = [];
    events.on('error', (error) => errors.push(error));
    const thrown: unknown = Object.create(null);
    events.on('close', () => {
      throw thrown;
    });
    expect(() => {
      events.emit('close');
    }).not.toThrow();
    expect(errors).toHaveLength(1);
    expect(errors[0]?.cause).toBe(thrown);
  });

  test('once, by a throw, is not called again', () => {
    const events = new GuardedEvents();
    const listener = vi.fn(() => {
      throw new Error('once');
    });
    events.once('close', listener);
    events.emit('close');
    events.emit('close');
    expect(listener).toHaveBeenCalledOnce();
    expect(warnings).toHaveBeenCalledOnce();
  });
});

describe('error', () => {
  test('that nobody listens to becomes a process warning, and no throw', () => {
    const events = new GuardedEvents();
    const error = new Error('port gone');
    events.emit('error', error);
    expect(warnings).toHaveBeenCalledExactlyOnceWith('port gone', { type: 'KafkaGatewayWarning', detail: error.stack });
  });

  test('of an error without a stack becomes one as well', () => {
    const events = new GuardedEvents();
    const error = new Error('bare');
    delete error.stack;
    events.emit('error', error);
    expect(warnings).toHaveBeenCalledExactlyOnceWith('bare', { type: 'KafkaGatewayWarning', detail: '' });
  });

  test('that someone listens to becomes none', () => {
    const events = new GuardedEvents();
    const listener = vi.fn();
    events.on('error', listener);
    events.emit('error', new Error('port gone'));
    expect(listener).toHaveBeenCalledOnce();
    expect(warnings).not.toHaveBeenCalled();
  });

  test('whose listener throws or rejects becomes a warning, not a circle', async () => {
    const events = new GuardedEvents();
    events.on('error', () => {
      throw new Error('worse');
    });
    const rejects: () => unknown = () => Promise.reject(new Error('worst'));
    events.on('error', rejects);
    events.emit('error', new Error('bad'));
    await ticks();
    expect(warnings.mock.calls.map(([message]) => message)).toEqual([
      "a listener of the gateway's 'error' event failed: Error: worse",
      "a listener of the gateway's 'error' event failed: Error: worst",
    ]);
  });
});
