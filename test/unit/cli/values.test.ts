import { describe, expect, test } from 'vitest';
import { CommandError } from '../../../src/cli/errors.js';
import {
  choice,
  endpoint,
  endpoints,
  formatEndpoint,
  host,
  hostMaybePort,
  type Parse,
  parseGiven,
  seconds,
  wholeNumber,
} from '../../../src/cli/values.js';

function wrong(parse: Parse<unknown>, text: string): string {
  try {
    parseGiven({ name: '--flag', text }, parse);
  } catch (error) {
    expect(error).toBeInstanceOf(CommandError);
    expect((error as CommandError).exitCode).toBe(2);
    return (error as CommandError).message;
  }
  throw new Error(`${text} was taken`);
}

describe('host:port', () => {
  test.each([
    ['127.0.0.1:9093', { host: '127.0.0.1', port: 9093 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['kafka-1.example_net:65535', { host: 'kafka-1.example_net', port: 65535 }],
    ['[::1]:9093', { host: '::1', port: 9093 }],
    ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ])('%s is one', (text, expected) => {
    expect(endpoint(0)(text)).toEqual(expected);
    expect(formatEndpoint(expected)).toBe(text);
  });

  test.each([
    ...['', ':', ':9093', 'localhost', 'localhost:', 'localhost:http', 'localhost:65536', 'localhost:-1'],
    ...['localhost:123456', '::1', '::1:9093', '[::1]', '[]:1', '[localhost]:1', '[::1:1', 'a b:1', 'a\n:1'],
    ...['http://a:1', `${'a'.repeat(256)}:1`, ' a:1', 'a:1 '],
  ])('%j is none', (text) => {
    expect(wrong(endpoint(0), text)).toMatch(
      /^--flag ".*": want host:port, an IPv6 address in brackets, a port from 0 to 65535$/,
    );
  });

  test('several are separated by commas, and the wrong one is named', () => {
    expect(endpoints('a:1, [::1]:2')).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ]);
    expect(wrong(endpoints, 'a:1,b,c:3')).toBe(
      '--flag "a:1,b,c:3": want host:port, several separated by commas, an IPv6 address in brackets, a port from 1 to 65535; got "b"',
    );
  });

  test('port 0 is for binding only', () => {
    expect(wrong(endpoint(1), 'a:0')).toContain('--flag "a:0"');
    expect(endpoint(1)('a:1')).toEqual({ host: 'a', port: 1 });
  });

  test('the port may be left out where it has a default', () => {
    expect(hostMaybePort('kafka')).toEqual({ host: 'kafka' });
    expect(hostMaybePort('[::1]')).toEqual({ host: '::1' });
    expect(hostMaybePort('kafka:9092')).toEqual({ host: 'kafka', port: 9092 });
    for (const text of ['::1', 'kafka:0', '']) expect(wrong(hostMaybePort, text)).toContain('a host alone');
  });

  test('a host alone needs no brackets, and has no port', () => {
    expect(['kafka', '::1', '[::1]', '10.0.0.1'].map(host)).toEqual(['kafka', '::1', '::1', '10.0.0.1']);
    for (const text of ['', 'kafka:1', 'a b']) expect(wrong(host, text)).toContain('without a port');
  });
});

test('a whole number is written in digits and lies within its bounds', () => {
  const parse = wholeNumber(1, 100);
  expect(['1', '007', '100'].map(parse)).toEqual([1, 7, 100]);
  for (const text of ['0', '101', '-1', '+1', '1.0', '1e1', '0x1', ' 1', '', 'one', '9'.repeat(17)]) {
    expect(wrong(parse, text)).toBe(`--flag ${JSON.stringify(text)}: want a whole number from 1 to 100`);
  }
});

test('seconds become milliseconds, fractions of them down to one', () => {
  const parse = seconds(0.001);
  expect(['1', '600', '0.001', '1.5', '2147483'].map(parse)).toEqual([1000, 600_000, 1, 1500, 2_147_483_000]);
  expect(seconds(0)('0')).toBe(0);
  for (const text of ['0', '0.0001', '2147484', '-1', '.5', '1s', 'Infinity', '']) {
    expect(wrong(parse, text)).toContain('want a number of seconds from 0.001 to 2147483');
  }
});

test('a choice is one of the names, as they are written', () => {
  expect(choice(['a', 'b'])('b')).toBe('b');
  expect(wrong(choice(['a', 'b']), 'B')).toBe('--flag "B": want one of a, b');
  expect(wrong(choice(['stub']), '')).toBe('--flag "": want stub');
});

test('a long value is shown by its beginning', () => {
  expect(wrong(wholeNumber(1, 2), 'x'.repeat(10_000)).length).toBeLessThan(150);
});

test('a mistake in a parser is not taken for a wrong value', () => {
  const broken = (): never => {
    throw new TypeError('broken');
  };
  expect(() => parseGiven({ name: '--flag', text: '' }, broken)).toThrow(TypeError);
});
