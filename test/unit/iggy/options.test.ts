import { OptionError } from 'iggy-gateway-kafka';
import {
  createIggyBackend,
  createIggyStore,
  type IggyAddress,
  type IggyClient,
} from 'iggy-gateway-kafka/adapters/iggy';
import { expect, test } from 'vitest';
import { createStandIn } from '../../support/iggy-stand-in.js';

const client = createStandIn().connect();
const connect = (): unknown => client;
const NAME = '.* a name of 1 to';

test.each<[string, Record<string, unknown>, RegExp]>([
  ['no source of clients', {}, /^option client is undefined; one of client, clients and connect is needed$/],
  ['two of them', { client, clients: [client] }, /^option client is an object; only one of .* can be given$/],
  ['two others', { clients: [client], connect }, /^option clients is an array of 1; only one of .* can be given$/],
  ['what is no client', { client: {} }, /^option client is an object; it is a client of Iggy's Node SDK$/],
  ['no clients', { clients: [] }, /^option clients is an array of 0; at least one is needed$/],
  ['clients, of which one is none', { clients: [client, null] }, /^option clients is null; it is a client/],
  ['what cannot make one', { connect: 'iggy:8090' }, /^option connect is "iggy:8090"; it is a function/],
  [
    'addresses that nobody dials',
    { client, addresses: ['iggy:8090'] },
    /^option addresses is an array of 1; expected connect with it, which dials them$/,
  ],
  [
    'addresses that are none',
    { connect, addresses: 'iggy:8090' },
    /^option addresses is "iggy:8090"; expected an array/,
  ],
  ['no addresses', { connect, addresses: [] }, /^option addresses is an array of 0; expected an array of 1 to 100/],
  ...['iggy', 'iggy:0', 'iggy:65536', '::1:8090', ':8090', { host: '', port: 1 }, { host: 'a', port: 1.5 }, null].map(
    (address): [string, Record<string, unknown>, RegExp] => [
      `an address that is none: ${JSON.stringify(address)}`,
      { connect, addresses: ['iggy:1', address] },
      /^option addresses is .*; expected \{ host, port \} or "host:port", a port from 1 to 65535$/,
    ],
  ),
  ['no name', { client, stream: '' }, new RegExp(`^option stream is "";${NAME} 255 bytes$`)],
  ['a name that is a number', { client, stream: 7 }, new RegExp(`^option stream is 7;${NAME}`)],
  [
    'too long a name',
    { client, stateTopic: 'x'.repeat(241) },
    new RegExp(`^option stateTopic is ".*;${NAME} 240 bytes$`),
  ],
  [
    'a state topic that is named as one of a shard is',
    { client, stateTopic: 'state.shard-0' },
    /^option stateTopic is "state\.shard-0"; expected another end than \.shard- and a number/,
  ],
  [
    'a state topic that is named as one of a shard is',
    { client, stateTopic: 'state.shard-0' },
    /^option stateTopic is "state\.shard-0"; expected another end than \.shard- and a number/,
  ],
  ['one group in the place of several', { client, importOffsets: 'ab' }, /^option importOffsets is "ab"; .*array/],
  ['too long a group', { client, importOffsets: ['x'.repeat(247)] }, /^option importOffsets is .* 246 bytes$/],
  ['too small a number', { client, connections: 0 }, /^option connections is 0; .* from 1 to 100$/],
  ['half a number', { client, connections: 1.5 }, /^option connections is 1\.5; expected an integer/],
  ['too short a time', { client, commandTimeoutMs: 99 }, /^option commandTimeoutMs is 99; .* from 100 to/],
  [
    'a pace that is none',
    { client, pollInterval: { minIntervalMs: 200, maxIntervalMs: 100 } },
    /^option pollInterval\.maxIntervalMs is 100/,
  ],
  [
    'a durability that is none',
    { client, durability: 'fsync' },
    /^option durability is "fsync"; expected one of none, /,
  ],
  [
    'an option of 0.1 that was renamed',
    { client, enforceFsync: true },
    /^option enforceFsync is true; renamed to durability; expected durability: 'power' for true, 'process' .* for false$/,
  ],
  ['another name', { client, conections: 2 }, /^option conections is 2; .*did you mean connections\?$/],
])('an option that cannot be is refused, by name: %s', (_, options, message) => {
  const create = () => createIggyStore({ stream: 'kafka', ...options });
  expect(create).toThrow(OptionError);
  expect(create).toThrow(message);
});

test.each([
  [{ leastMs: 1 }, 'option pollInterval.leastMs is 1; renamed to pollInterval.minIntervalMs'],
  [{ mostMs: 2 }, 'option pollInterval.mostMs is 2; renamed to pollInterval.maxIntervalMs'],
])('pollInterval refuses a renamed option: %j', (pollInterval, message) => {
  expect(() => createIggyStore({ client, stream: 'kafka', pollInterval: pollInterval as never })).toThrow(message);
});

test('a backend refuses a renamed option as its store does', () => {
  const options = { client, stream: 'kafka', enforceFsync: false };
  expect(() => createIggyBackend(options)).toThrow(/^option enforceFsync is false; renamed to durability;/);
});

test('connect is given the addresses, and that of a server by itself where there are none', async () => {
  const iggy = createStandIn();
  const given: IggyAddress[] = [];
  const refuse = (address: IggyAddress): IggyClient => {
    given.push(address);
    if (given.length < 3) throw new Error('it is not there');
    return iggy.connect();
  };
  const addresses = ['iggy-1:8090', '[::1]:8091', { host: 'iggy-3', port: 8092 }];
  const store = createIggyStore({ stream: 'kafka', connect: refuse, addresses }, () => undefined);
  await store.open();
  await store.close();
  expect(given).toEqual([
    { host: 'iggy-1', port: 8090 },
    { host: '::1', port: 8091 },
    { host: 'iggy-3', port: 8092 },
  ]);
  const alone = createIggyStore({ stream: 'kafka', connect: refuse });
  await alone.open();
  await alone.close();
  expect(given.at(-1)).toEqual({ host: '127.0.0.1', port: 8090 });
});
