import { createKafkaGateway, type GatewayOptions, OptionError } from 'iggy-gateway-kafka';
import { createMemoryBackend } from 'iggy-gateway-kafka/adapters/memory';
import { describe, expect, test } from 'vitest';
import { CommandError } from '../../../src/cli/errors.js';
import { flags, type Flags, readSettings, type Settings } from '../../../src/cli/settings.js';

/** Each setting: flag, variable, a value, what becomes of it, and a value that is none. */
const SETTINGS: readonly (readonly [
  keyof Flags,
  string,
  string,
  string,
  (settings: Settings) => unknown,
  unknown,
  string,
])[] = [
  ['backend', '--backend', 'IGGY_KAFKA_BACKEND', 'stub', (s) => s.backend, 'stub', 'kafka'],
  ['stubMode', '--stub-mode', 'IGGY_KAFKA_STUB_MODE', 'accepting', (s) => s.stubMode, 'accepting', 'Accepting'],
  [
    'config',
    '--config',
    'IGGY_KAFKA_CONFIG',
    'num.partitions=3\nlog.dirs=a=b; num.partitions = 4 ;',
    (s) => s.config,
    { 'num.partitions': '4', 'log.dirs': 'a=b' },
    'num.partitions',
  ],
  [
    'memoryMaxBytes',
    '--memory-max-bytes',
    'IGGY_KAFKA_MEMORY_MAX_BYTES',
    '65536',
    (s) => s.memoryMaxBytes,
    65_536,
    '65535',
  ],
  [
    'iggyAddress',
    '--iggy-address',
    'IGGY_KAFKA_IGGY_ADDRESS',
    'iggy.example.net:8091, [::1]:8092',
    (s) => s.iggy.addresses,
    [
      { host: 'iggy.example.net', port: 8091 },
      { host: '::1', port: 8092 },
    ],
    'iggy.example.net:8091,',
  ],
  ['iggyStream', '--iggy-stream', 'IGGY_KAFKA_IGGY_STREAM', 'shop', (s) => s.iggy.stream, 'shop', 'x'.repeat(256)],
  [
    'iggyUsername',
    '--iggy-username',
    'IGGY_KAFKA_IGGY_USERNAME',
    'kafka',
    (s) => s.iggy.username,
    'kafka',
    'x'.repeat(256),
  ],
  [
    'iggyPassword',
    '--iggy-password',
    'IGGY_KAFKA_IGGY_PASSWORD',
    'secret',
    (s) => s.iggy.password,
    'secret',
    'x'.repeat(256),
  ],
  [
    'iggyConnections',
    '--iggy-connections',
    'IGGY_KAFKA_IGGY_CONNECTIONS',
    '100',
    (s) => s.iggy.connections,
    100,
    '101',
  ],
  [
    'iggyStateTopic',
    '--iggy-state-topic',
    'IGGY_KAFKA_IGGY_STATE_TOPIC',
    'state',
    (s) => s.iggy.stateTopic,
    'state',
    'x'.repeat(241),
  ],
  [
    'iggyDurability',
    '--iggy-durability',
    'IGGY_KAFKA_IGGY_DURABILITY',
    'power',
    (s) => s.iggy.durability,
    'power',
    'fsync',
  ],
  [
    'iggySessionTimeoutSecs',
    '--iggy-session-timeout-secs',
    'IGGY_KAFKA_IGGY_SESSION_TIMEOUT_SECS',
    '2.5',
    (s) => s.iggy.sessionTimeoutMs,
    2500,
    '0.05',
  ],
  [
    'iggyImportOffsets',
    '--iggy-import-offsets',
    'IGGY_KAFKA_IGGY_IMPORT_OFFSETS',
    'readers, writers',
    (s) => s.iggy.importOffsets,
    ['readers', 'writers'],
    'readers,',
  ],
  [
    'iggyMirrorOffsets',
    '--iggy-mirror-offsets',
    'IGGY_KAFKA_IGGY_MIRROR_OFFSETS',
    'yes',
    (s) => s.iggy.mirrorOffsets,
    true,
    'on',
  ],
  [
    'bind',
    '--bind',
    'IGGY_KAFKA_BIND_ADDR',
    '[::1]:0',
    (s) => s.options.listener,
    { host: '::1', port: 0, advertised: {} },
    '::1:0',
  ],
  ['maxConnections', '--max-connections', 'IGGY_KAFKA_MAX_CONNECTIONS', '7', (s) => s.options.maxConnections, 7, '0'],
  ['maxFrameBytes', '--max-frame-bytes', 'IGGY_KAFKA_MAX_FRAME_BYTES', '64', (s) => s.options.maxFrameBytes, 64, '63'],
  [
    'maxInFlightBytes',
    '--max-in-flight-bytes',
    'IGGY_KAFKA_MAX_IN_FLIGHT_BYTES',
    '99999',
    (s) => s.options.maxInFlightBytes,
    99_999,
    '1MB',
  ],
  [
    'idleTimeoutSecs',
    '--idle-timeout-secs',
    'IGGY_KAFKA_IDLE_TIMEOUT_SECS',
    '1.5',
    (s) => s.options.idleTimeoutMs,
    1500,
    '0',
  ],
  [
    'frameTimeoutSecs',
    '--frame-timeout-secs',
    'IGGY_KAFKA_FRAME_TIMEOUT_SECS',
    '3',
    (s) => s.options.frameTimeoutMs,
    3000,
    '-3',
  ],
  [
    'writeTimeoutSecs',
    '--write-timeout-secs',
    'IGGY_KAFKA_WRITE_TIMEOUT_SECS',
    '4',
    (s) => s.options.writeTimeoutMs,
    4000,
    '4s',
  ],
  [
    'drainTimeoutSecs',
    '--drain-timeout-secs',
    'IGGY_KAFKA_DRAIN_TIMEOUT_SECS',
    '0',
    (s) => s.close,
    { drainTimeoutMs: 0 },
    'never',
  ],
  ['logLevel', '--log-level', 'IGGY_KAFKA_LOG_LEVEL', 'debug', (s) => s.logLevel, 'debug', 'loud'],
];

function refusal(given: Flags, env: Record<string, string>): string {
  try {
    readSettings(given, env);
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
  throw new Error('was taken');
}

function advertised(given: Flags, env: Record<string, string>): unknown {
  return (readSettings(given, env).options.listener as { advertised: unknown }).advertised;
}

describe.each(SETTINGS)('%s', (name, flag, variable, text, find, value, wrong) => {
  // What is a backend's own goes with that backend only.
  const backend = name === 'stubMode' ? 'stub' : name.startsWith('iggy') ? 'iggy' : 'memory';
  const given: Flags = name === 'backend' ? {} : { backend };

  test(`${flag} and ${variable} mean the same`, () => {
    expect(find(readSettings({ ...given, [name]: text }, {}))).toEqual(value);
    expect(find(readSettings(given, { [variable]: text }))).toEqual(value);
  });

  test('a flag goes before the variable, which is not read then', () => {
    expect(find(readSettings({ ...given, [name]: text }, { [variable]: wrong }))).toEqual(value);
  });

  test('a wrong value is told with what gave it', () => {
    const shown = (value: string): string => {
      if (name === 'iggyPassword') return '';
      return ` ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)}`;
    };
    expect(refusal({ [name]: wrong }, {})).toContain(`${flag}${shown(wrong)}: want `);
    expect(refusal({}, { [variable]: wrong })).toContain(`${variable}${shown(wrong)}: want `);
    expect(refusal({}, { [variable]: '' })).toContain(`${variable}${shown('')}: want `);
  });

  test('the help tells flag and variable', () => {
    expect(flags.filter(({ flag: text }) => text.startsWith(`${flag} `))).toMatchObject([
      { help: expect.stringContaining(`[${variable}]`) },
    ]);
  });
});

test.each([
  ['iggyClients', '--iggy-clients', '--iggy-connections'],
  ['maxFrameSize', '--max-frame-size', '--max-frame-bytes'],
  ['readTimeoutSecs', '--read-timeout-secs', '--frame-timeout-secs'],
  ['shutdownDrainTimeoutSecs', '--shutdown-drain-timeout-secs', '--drain-timeout-secs'],
] as const)('%s is refused with its new name', (name, flag, renamed) => {
  const variable = (of: string): string => `IGGY_KAFKA_${of.slice(2).toUpperCase().replaceAll('-', '_')}`;
  expect(refusal({ [name]: '5' }, {})).toBe(`${flag} "5": renamed to ${renamed}`);
  expect(refusal({}, { [variable(flag)]: '5' })).toBe(`${variable(flag)} "5": renamed to ${variable(renamed)}`);
});

test('a setting of 0.1 that was renamed is refused with its new name, and is not in the help', () => {
  const expected = 'expected power for yes, process (the default) or none for no';
  expect(refusal({ iggyEnforceFsync: 'yes', backend: 'iggy' }, {})).toBe(
    `--iggy-enforce-fsync "yes": renamed to --iggy-durability; ${expected}`,
  );
  expect(refusal({}, { IGGY_KAFKA_IGGY_ENFORCE_FSYNC: 'no' })).toBe(
    `IGGY_KAFKA_IGGY_ENFORCE_FSYNC "no": renamed to IGGY_KAFKA_IGGY_DURABILITY; ${expected}`,
  );
  expect(flags.find(({ flag }) => flag.startsWith('--iggy-enforce-fsync '))).toMatchObject({ isHidden: true });
});

test('a password is never shown', () => {
  expect(refusal({ iggyPassword: 'secret' }, {})).toBe('--iggy-password: only with --backend iggy');
  expect(refusal({}, { IGGY_KAFKA_IGGY_PASSWORD: 'secret' })).toBe(
    'IGGY_KAFKA_IGGY_PASSWORD: only with --backend iggy',
  );
});

test('what is not set is left to the gateway', () => {
  const settings = readSettings({}, {});
  expect(settings).toMatchObject({ backend: 'memory', logLevel: 'info', close: {} });
  expect(JSON.parse(JSON.stringify(settings.options))).toEqual({ listener: { advertised: {} } });
});

test('IGGY_KAFKA_ goes before KAFKA_', () => {
  const short = { KAFKA_BIND_ADDR: 'short:1', KAFKA_ADVERTISED_HOST: 'short', KAFKA_ADVERTISED_PORT: '1' };
  const long = { IGGY_KAFKA_BIND_ADDR: 'long:2', IGGY_KAFKA_ADVERTISED_HOST: 'long', IGGY_KAFKA_ADVERTISED_PORT: '2' };
  expect(readSettings({}, short).options.listener).toEqual({
    host: 'short',
    port: 1,
    advertised: { host: 'short', port: 1 },
  });
  expect(readSettings({}, { ...short, ...long }).options.listener).toEqual({
    host: 'long',
    port: 2,
    advertised: { host: 'long', port: 2 },
  });
});

describe('the advertised address', () => {
  const env = { IGGY_KAFKA_ADVERTISED_HOST: 'variable', IGGY_KAFKA_ADVERTISED_PORT: '1' };

  test('takes host and port each from the flag, or else from its variable', () => {
    expect(advertised({ advertised: 'flag:2' }, env)).toEqual({ host: 'flag', port: 2 });
    expect(advertised({ advertised: 'flag' }, env)).toEqual({ host: 'flag', port: 1 });
    expect(advertised({}, env)).toEqual({ host: 'variable', port: 1 });
    expect(advertised({}, { IGGY_KAFKA_ADVERTISED_HOST: '::1' })).toEqual({ host: '::1', port: undefined });
  });

  test.each([
    [{ advertised: 'kafka:0' }, {}, '--advertised "kafka:0"'],
    [{ advertised: '' }, {}, '--advertised ""'],
    [{}, { IGGY_KAFKA_ADVERTISED_HOST: '' }, 'IGGY_KAFKA_ADVERTISED_HOST ""'],
    [{}, { KAFKA_ADVERTISED_HOST: 'kafka:1' }, 'KAFKA_ADVERTISED_HOST "kafka:1"'],
    [{}, { IGGY_KAFKA_ADVERTISED_PORT: '0' }, 'IGGY_KAFKA_ADVERTISED_PORT "0"'],
    [{}, { KAFKA_ADVERTISED_PORT: '65536' }, 'KAFKA_ADVERTISED_PORT "65536"'],
  ])('%j %j is wrong', (given, variables, named) => {
    expect(refusal(given, variables)).toMatch(new RegExp(`^${named}: want `));
  });
});

describe('the bounds are those of the gateway', () => {
  const bounds: [keyof Flags, keyof GatewayOptions, number, number][] = [
    ['maxConnections', 'maxConnections', 1, 1_000_000],
    ['maxFrameBytes', 'maxFrameBytes', 64, 2 ** 31 - 1],
    ['maxInFlightBytes', 'maxInFlightBytes', 65_536, Number.MAX_SAFE_INTEGER],
  ];
  test.each(bounds)('%s', (name, option, least, most) => {
    for (const bound of [least, most]) {
      const { options } = readSettings({ [name]: String(bound) }, {});
      expect(options[option]).toBe(bound);
      expect(() => createKafkaGateway(options)).not.toThrow();
    }
    for (const beyond of [least - 1, most + 1]) {
      expect(() => readSettings({ [name]: String(beyond) }, {})).toThrow(CommandError);
      expect(() => createKafkaGateway({ [option]: beyond })).toThrow(OptionError);
    }
  });

  test('memoryMaxBytes, which are those of the store', () => {
    for (const bound of [65_536, Number.MAX_SAFE_INTEGER]) {
      const { memoryMaxBytes } = readSettings({ memoryMaxBytes: String(bound) }, {});
      expect(() => createMemoryBackend({ maxBytes: memoryMaxBytes })).not.toThrow();
    }
    expect(() => createMemoryBackend({ maxBytes: 65_535 })).toThrow(OptionError);
  });

  test.each(['idleTimeoutSecs', 'frameTimeoutSecs', 'writeTimeoutSecs'] as const)('%s', (name) => {
    for (const bound of ['0.001', '2147483']) {
      expect(() => createKafkaGateway(readSettings({ [name]: bound }, {}).options)).not.toThrow();
    }
  });
});
