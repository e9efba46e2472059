import { OptionError } from 'iggy-gateway-kafka';
import { createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { expect, test } from 'vitest';
import { createStandIn } from '../../support/iggy-stand-in.js';

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
