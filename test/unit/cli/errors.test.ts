import { expect, test } from 'vitest';
import { describeError, oneLine } from '../../../src/cli/errors.js';

test('what the network sends can neither begin a line nor steer a terminal', () => {
  expect(oneLine('a\r\n  b\n\nc')).toBe('a b c');
  expect(oneLine('\u001b[2J\u0000\u009b\u2028\u202e\ud800')).toBe('\\u{1b}[2J\\u{0}\\u{9b}\\u{2028}\\u{202e}\\u{d800}');
  expect(oneLine('Grüße, 漢字 😀')).toBe('Grüße, 漢字 😀');
});

test('an error says its message, or its code where it has none', () => {
  expect(describeError(new Error('broken'))).toBe('broken');
  expect(describeError(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  expect(describeError(new TypeError())).toBe('TypeError');
  expect(describeError('text')).toBe('text');
});
