import { OptionError } from 'iggy-gateway-kafka';
import { createIggyBackend, createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { expect, test } from 'vitest';
import { createStandIn } from '../../support/iggy-stand-in.js';

const client = createStandIn().connect();
const NAME = '.* a name of 1 to';

test.each<[string, Record<string, unknown>, RegExp]>([
  ['no source of clients', {}, /^option client is undefined; one of client, clients and connect is needed$/],
  ['two of them', { client, clients: [client] }, /^option client is an object; only one of .* can be given$/],
  ['what is no client', { client: {} }, /^option client is an object; it is a client of Iggy's Node SDK$/],
  ['no clients', { clients: [] }, /^option clients is an array of 0; at least one is needed$/],
  ['clients, of which one is none', { clients: [client, null] }, /^option clients is null; it is a client/],
  ['what cannot make one', { connect: 'iggy:8090' }, /^option connect is "iggy:8090"; it is a function/],
  ['no name', { client, stream: '' }, new RegExp(`^option stream is "";${NAME} 255 bytes$`)],
  ['a name that is a number', { client, stream: 7 }, new RegExp(`^option stream is 7;${NAME}`)],
  [
    'too long a name',
    { client, stateTopic: 'x'.repeat(241) },
    new RegExp(`^option stateTopic is ".*;${NAME} 240 bytes$`),
  ],
  ['one group in the place of several', { client, importOffsets: 'ab' }, /^option importOffsets is "ab"; .*array/],
  ['too long a group', { client, importOffsets: ['x'.repeat(247)] }, /^option importOffsets is .* 246 bytes$/],
  ['too small a number', { client, connections: 0 }, /^option connections is 0; .* from 1 to 100$/],
  ['half a number', { client, connections: 1.5 }, /^option connections is 1\.5; it is a whole number/],
  ['too short a time', { client, commandTimeoutMs: 99 }, /^option commandTimeoutMs is 99; .* from 100 to/],
  [
    'a pace that is none',
    { client, pollInterval: { leastMs: 200, mostMs: 100 } },
    /^option pollInterval\.mostMs is 100/,
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

test('a backend refuses a renamed option as its store does', () => {
  const options = { client, stream: 'kafka', enforceFsync: false };
  expect(() => createIggyBackend(options)).toThrow(/^option enforceFsync is false; renamed to durability;/);
});
