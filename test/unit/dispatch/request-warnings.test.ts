import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest';
import { RequestWarnings } from '../../../src/dispatch/request-warnings.js';

let emitted: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(() => {
  emitted.mockRestore();
});

const warned = (): unknown[] => emitted.mock.calls.map(([message]) => message);

function failure(error: unknown, api: 'fetch' | 'produce' | 'connect' = 'fetch', version: number | null = 12) {
  return { backend: 'mine', api, version, error };
}

/** An error of a place in the code. */
function errorAt(place: string, message: string): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at ${place} (store.js:1:1)\n    at append (store.js:2:1)`;
  return error;
}

test('warns once for each API and message', () => {
  const warnings = new RequestWarnings();
  for (let time = 0; time < 3; time++) {
    warnings.warn(failure(errorAt('read', 'disk')));
    warnings.warn(failure(errorAt('read', 'disk'), 'produce'));
    warnings.warn(failure(errorAt('read', 'memory')));
    warnings.warn(failure(errorAt('greet', 'no'), 'connect', null));
  }
  const advice = "listen to 'requestError' to get every failure";
  expect(warned()).toEqual([
    `backend mine: fetch v12 failed: Error: disk; ${advice}`,
    `backend mine: produce v12 failed: Error: disk; ${advice}`,
    `backend mine: fetch v12 failed: Error: memory; ${advice}`,
    `backend mine: connect failed: Error: no; ${advice}`,
  ]);
  expect(emitted.mock.calls[0]?.[1]).toEqual({
    type: 'KafkaGatewayWarning',
    detail: '    at read (store.js:1:1)\n    at append (store.js:2:1)',
  });
});

test('messages with text of clients neither repeat without end nor hide those of another place', () => {
  const warnings = new RequestWarnings();
  for (let client = 0; client < 1000; client++) {
    // The frame that a client adds by its text is no place of the code.
    warnings.warn(failure(errorAt('lookUp', `no topic t${client}\n    at evil${client} (x.js:1:1)`)));
  }
  expect(warned()).toHaveLength(4);
  expect(warned()[3]).toContain('further messages from the same place are not shown');
  warnings.warn(failure(errorAt('write', 'disk full')));
  expect(warned()[4]).toContain('disk full');
});

test('remembers a bounded number of places', () => {
  const warnings = new RequestWarnings();
  for (let place = 0; place < 1000; place++) warnings.warn(failure(errorAt(`f${place}`, `m${place}`)));
  expect(warned()).toHaveLength(256);
});

test('shows one line of bounded length, without control characters', () => {
  const warnings = new RequestWarnings();
  warnings.warn(failure(errorAt('read', `a\nb\u001b[2J${'x'.repeat(1000)}`)));
  expect(warned()).toEqual([
    expect.stringMatching(/^backend mine: fetch v12 failed: Error: a b\\u\{1b\}\[2Jx{200,300};/),
  ]);
});

test.each([
  [undefined, 'undefined'],
  ['text', 'text'],
  [Object.create(null), 'a value of type object'],
  [Object.assign(new Error('bare'), { stack: undefined }), 'Error: bare'],
])('warns of %o, which has no stack', (error, shown) => {
  new RequestWarnings().warn(failure(error));
  expect(emitted).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(`failed: ${shown};`), {
    type: 'KafkaGatewayWarning',
    detail: '',
  });
});
