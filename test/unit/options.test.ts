import {
  type Backend,
  createKafkaGateway,
  createStubBackend,
  type GatewayOptions,
  OptionError,
} from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';

function refusal(options: unknown): OptionError {
  try {
    createKafkaGateway(options as GatewayOptions);
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
  throw new Error('the options were taken');
}

const NUMBERS: readonly (readonly [string, number, number])[] = [
  ['maxConnections', 1, 1_000_000],
  ['maxFrameBytes', 64, 0x7fff_ffff],
  ['maxInFlightBytes', 64 * 1024, Number.MAX_SAFE_INTEGER],
  ['maxUnsentBytes', 1024, 0x7fff_ffff],
  ['maxDecodedElements', 1, 100_000_000],
  ['idleTimeoutMs', 1, 0x7fff_ffff],
  ['frameTimeoutMs', 1, 0x7fff_ffff],
  ['writeTimeoutMs', 1, 0x7fff_ffff],
  ['requestTimeoutMs', 0, 0x7fff_ffff],
];

describe('numbers', () => {
  test.each(NUMBERS)('%s goes from %d to %d, both included', (name, least, most) => {
    expect(() => createKafkaGateway({ [name]: least })).not.toThrow();
    expect(() => createKafkaGateway({ [name]: most })).not.toThrow();
    for (const value of [least - 1, most + 1]) {
      expect(refusal({ [name]: value })).toMatchObject({ option: name, value, code: 'INVALID_OPTION' });
    }
  });

  test.each(NUMBERS)('%s is a whole number and nothing else', (name) => {
    for (const value of [1.5, NaN, Infinity, '100', true, 100n, [100], {}]) {
      expect(refusal({ [name]: value })).toMatchObject({ option: name, value });
    }
  });

  test.each(NUMBERS)('%s may be left out by undefined', (name) => {
    expect(() => createKafkaGateway({ [name]: undefined })).not.toThrow();
  });
});

describe('what an error says', () => {
  test('it names the option, the value and what is wanted', () => {
    const error = refusal({ maxConnections: 0 });
    expect(error.name).toBe('OptionError');
    expect(error.message).toBe('option maxConnections is 0; expected an integer from 1 to 1000000');
  });

  test.each([
    ['a string, quoted', 'ten', '"ten"'],
    ['a long string, cut', 'x'.repeat(200), `"${'x'.repeat(80)}…"`],
    ['a bigint', 10n, '10n'],
    ['a function', () => 1, 'a function'],
    ['null', Object.freeze([null]), 'an array of 1'],
    ['an object', { at: 1 }, 'an object'],
    ['a boolean', true, 'true'],
    ['NaN', NaN, 'NaN'],
  ])('it describes %s', (_what, value, described) => {
    expect(refusal({ maxFrameBytes: value }).message).toContain(`option maxFrameBytes is ${described}; `);
  });

  test('it describes null', () => {
    expect(refusal({ listener: { advertised: null } }).message).toContain('option listener.advertised is null; ');
  });
});

describe('names', () => {
  test.each([
    [{ listner: {} }, 'listner', 'listener'],
    [{ maxConnection: 5 }, 'maxConnection', 'maxConnections'],
    [{ MAXFRAMEBYTES: 5 }, 'MAXFRAMEBYTES', 'maxFrameBytes'],
    [{ listener: { hots: 'a' } }, 'listener.hots', 'listener.host'],
    [{ listener: { advertised: { prot: 1 } } }, 'listener.advertised.prot', 'listener.advertised.port'],
    [{ port: 9093 }, 'port', 'listener.port'],
    [{ host: 'a' }, 'host', 'listener.host'],
    [{ backlog: 5 }, 'backlog', 'listener.backlog'],
    [{ advertised: {} }, 'advertised', 'listener.advertised'],
    [{ advertisedHost: 'a' }, 'advertisedHost', 'listener.advertised.host'],
    [{ store: {} }, 'store', 'backend: createBrokerBackend({ store })'],
    [{ config: {} }, 'config', 'backend: createMemoryBackend({ config })'],
    [{ advertisedPort: 1 }, 'advertisedPort', 'listener.advertised.port'],
    [{ versions: { metaData: { min: 0, max: 1 } } }, 'versions.metaData', 'versions.metadata'],
  ])('an unknown one is refused with the nearest: %j', (options, option, nearest) => {
    const error = refusal(options);
    expect(error.option).toBe(option);
    expect(error.message).toContain(`did you mean ${nearest}?`);
  });
});

test.each([null, 'localhost:9093', 9093])('options that are no object are refused: %j', (options) => {
  expect(refusal(options)).toMatchObject({ option: 'options', value: options });
});

describe('listener', () => {
  test('it is one object, or an array of one', () => {
    expect(() => createKafkaGateway({ listener: { port: 0 } })).not.toThrow();
    expect(() => createKafkaGateway({ listener: [{ port: 0 }] })).not.toThrow();
    expect(() => createKafkaGateway({ listener: undefined })).not.toThrow();
  });

  test.each([[[]], [[{ port: 0 }, { port: 0 }]]])('an array of another length is refused: %j', (listener) => {
    expect(refusal({ listener })).toMatchObject({ option: 'listener', value: listener });
    expect(refusal({ listener }).message).toContain(`an array of ${String(listener.length)}; one listener`);
  });

  test.each(['127.0.0.1:9093', 9093, true, [undefined], [null], [[{ port: 0 }]]])(
    'it is nothing else: %j',
    (listener) => {
      expect(refusal({ listener }).option).toBe('listener');
    },
  );

  test.each([
    ['port', 0, 65535],
    ['backlog', 1, 65535],
  ])('%s goes from %d to %d', (name, least, most) => {
    for (const value of [least, most]) expect(() => createKafkaGateway({ listener: { [name]: value } })).not.toThrow();
    for (const value of [least - 1, most + 1, '1', 1.5, NaN]) {
      expect(refusal({ listener: { [name]: value } })).toMatchObject({ option: `listener.${name}`, value });
    }
  });

  test('an advertised port is one that a client can connect to', () => {
    const listener = (port: unknown) => ({ advertised: { host: 'broker', port } });
    expect(() => createKafkaGateway({ listener: listener(1) as never })).not.toThrow();
    expect(() => createKafkaGateway({ listener: listener(65535) as never })).not.toThrow();
    for (const value of [0, 65536, -1, '9093', null]) {
      expect(refusal({ listener: listener(value) })).toMatchObject({ option: 'listener.advertised.port', value });
    }
  });

  test.each([
    ['listener.host', (host: unknown) => ({ host })],
    ['listener.advertised.host', (host: unknown) => ({ advertised: { host } })],
  ])('%s is a string of 1 to 32767 bytes', (option, listener) => {
    for (const host of ['a', 'x'.repeat(32767), 'ä'.repeat(16383)]) {
      expect(() => createKafkaGateway({ listener: listener(host) as never })).not.toThrow();
    }
    for (const host of ['', 'x'.repeat(32768), 'ä'.repeat(16384), 5, {}]) {
      expect(refusal({ listener: listener(host) })).toMatchObject({ option, value: host });
    }
  });

  const WILDCARDS = [
    '0.0.0.0',
    '::',
    '0',
    '0.0',
    '0000:0000:0000:0000:0000:0000:0000:0000',
    '::0',
    '::ffff:0.0.0.0',
    '::ffff:0:0',
    '::0.0.0.0',
  ];

  test.each(WILDCARDS)('bound to all addresses (%s), it needs a host to advertise', (host) => {
    const error = refusal({ listener: { host } });
    expect(error.option).toBe('listener.advertised.host');
    expect(error.message).toContain(`clients cannot connect to ${host}`);
    expect(refusal({ listener: { host, advertised: { port: 9093 } } }).option).toBe('listener.advertised.host');
    expect(() => createKafkaGateway({ listener: { host, advertised: { host: 'broker.example' } } })).not.toThrow();
  });

  test.each(WILDCARDS)('all addresses (%s) cannot be advertised', (host) => {
    expect(refusal({ listener: { advertised: { host } } })).toMatchObject({
      option: 'listener.advertised.host',
      value: host,
    });
  });

  test.each([
    '127.0.0.1',
    '10.0.0.0',
    '::1',
    'fe80::',
    'fe80::1%lo',
    'no-such-host',
    '::ffff:127.0.0.1',
    'localhost',
    '0.example',
    '100.0.0.0',
  ])('%s is an address like any other', (host) => {
    expect(() => createKafkaGateway({ listener: { host } })).not.toThrow();
  });

  test.each(['no such host', 'broker:9093', '[::1]', 'kafka://broker', 'broker/path', 'user@broker'])(
    '%s is no host, and is refused by name and value',
    (host) => {
      expect(refusal({ listener: { host } })).toMatchObject({ option: 'listener.host', value: host });
      const advertised = { host };
      expect(refusal({ listener: { advertised } })).toMatchObject({ option: 'listener.advertised.host', value: host });
    },
  );

  test.each(['broker:9093', 5])('what to advertise is an object: %j', (advertised) => {
    expect(refusal({ listener: { advertised } })).toMatchObject({ option: 'listener.advertised', value: advertised });
  });
});

test.each([
  [
    { unsupported: 'answer' },
    `option unsupported is "answer"; renamed to onUnsupportedVersion; expected 'respond' or 'close'`,
  ],
  [{ unstableVersions: true }, 'option unstableVersions is true; renamed to allowUnstableVersions'],
])('a renamed option is refused with its new name: %j', (options, message) => {
  expect(refusal(options)).toMatchObject({ message });
});

describe('onUnsupportedVersion', () => {
  test.each(['respond', 'close', undefined] as const)('%s is taken', (onUnsupportedVersion) => {
    expect(() => createKafkaGateway({ onUnsupportedVersion })).not.toThrow();
  });

  test.each(['drop', 1, ['close']])('%j is refused', (onUnsupportedVersion) => {
    expect(refusal({ onUnsupportedVersion })).toMatchObject({
      option: 'onUnsupportedVersion',
      value: onUnsupportedVersion,
    });
  });
});

test.each(['yes', 0, {}])('allowUnstableVersions is true or false: %j is refused', (value) => {
  expect(refusal({ allowUnstableVersions: value })).toMatchObject({ option: 'allowUnstableVersions', value });
});

describe.each([
  ['versions', (versions: unknown) => ({ versions })],
  ['backend.versions', (versions: unknown) => ({ backend: { ...createStubBackend(), versions } as Backend })],
])('%s', (option, options) => {
  test('ranges are taken, and undefined for none', () => {
    for (const range of [{ min: 0, max: 0 }, { min: 1, max: 32767 }, undefined]) {
      expect(() => createKafkaGateway(options({ metadata: range }) as GatewayOptions)).not.toThrow();
    }
  });

  test.each([
    [{ min: -1, max: 3 }, 'min'],
    [{ min: 1.5, max: 3 }, 'min'],
    [{ max: 3 }, 'min'],
    [{ min: 3 }, 'max'],
    [{ min: 3, max: 2 }, 'max'],
    [{ min: 0, max: 32768 }, 'max'],
    ['3-9', 'min'],
    [null, 'min'],
  ])('%j is no range', (range, end) => {
    expect(refusal(options({ metadata: range })).option).toBe(`${option}.metadata.${end}`);
  });

  test.each(['all', 5])('it is an object: %j is refused', (versions) => {
    expect(refusal(options(versions))).toMatchObject({ option, value: versions });
  });

  test('an API that is none is refused with the nearest', () => {
    expect(refusal(options({ listOfsets: { min: 1, max: 2 } })).message).toContain(
      `did you mean ${option}.listOffsets?`,
    );
  });
});

test('a range that the codec knows nothing of is refused as the gateway is made', () => {
  expect(refusal({ versions: { metadata: { min: 14, max: 20 } } }).option).toBe('versions.metadata');
});
