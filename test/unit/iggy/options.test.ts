import { OptionError } from 'iggy-gateway-kafka';
import { createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { describe, expect, test } from 'vitest';
import { createStandIn } from '../../support/iggy-stand-in.js';

const connect = () => createStandIn().connect();

describe('options that cannot be are refused, by name:', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['no source of clients', {}, /^option client is undefined; one of client, clients and connect is needed$/],
    ['two of them', { connect, client: connect() }, /^option client is an object; only one of .* can be given$/],
    ['no clients', { clients: [] }, /^option clients is an array of 0; at least one is needed$/],
    ['what is no client', { client: {} }, /^option client is an object; it is a client of Iggy's Node SDK$/],
    ['one group in the place of several', { connect, importOffsets: 'ab' }, /^option importOffsets is "ab"; .*array/],
    ['a name that is none', { connect, stream: '' }, /^option stream is ""; it is a name of 1 to 255 bytes$/],
    ['a number out of its range', { connect, connections: 0 }, /^option connections is 0; .* from 1 to 100$/],
    ['another name', { connect, conections: 2 }, /^option conections is 2; .*did you mean connections\?$/],
  ])('%s', (_, options, message) => {
    const create = () => createIggyStore({ stream: 'kafka', ...options });
    expect(create).toThrow(OptionError);
    expect(create).toThrow(message);
  });
});

test('what connect gives that is no client is said', async () => {
  const options = { connect: () => ({}) as never, stream: 'kafka', connectTimeoutMs: 100 };
  const store = createIggyStore(options, () => undefined);
  await expect(store.open()).rejects.toThrow(/what connect gave is no client of Iggy's Node SDK$/);
});

const client = createStandIn().connect();

const wrong: readonly (readonly [option: string, options: object])[] = [
  ['client', {}],
  ['client', { client, clients: [client] }],
  ['client', { client: {} }],
  ['clients', { clients: [] }],
  ['clients', { clients: [client, null] }],
  ['connect', { connect: 'iggy:8090' }],
  ['stream', { client, stream: '' }],
  ['stream', { client, stream: 7 }],
  ['stateTopic', { client, stateTopic: 'x'.repeat(241) }],
  ['importOffsets', { client, importOffsets: ['x'.repeat(247)] }],
  ['connections', { client, connections: 0 }],
  ['connections', { client, connections: 1.5 }],
  ['commandTimeoutMs', { client, commandTimeoutMs: 99 }],
  ['pollInterval.mostMs', { client, pollInterval: { leastMs: 200, mostMs: 100 } }],
];

test.each(wrong)('what is wrong with %s is said, with its value: %j', (option, options) => {
  let thrown: unknown;
  try {
    createIggyStore({ stream: 'kafka', ...options });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(OptionError);
  expect((thrown as OptionError).message).toContain(option);
});
