import { createStubBackend, OptionError } from 'iggy-gateway-kafka';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { createIggyBackend, createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { createMemoryBackend, createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { contractCases, defineContract, startBroker, withFaults } from 'iggy-gateway-kafka/testing';
import { describe, expect, test } from 'vitest';
import { createStandIn } from '../support/iggy-stand-in.js';

const store = createMemoryStore();
const iggy = { stream: 's', connect: () => createStandIn().connect() };
const start = () => startBroker();
const { faults } = withFaults(createStubBackend());

/** What takes options: each with the options that it needs, a mistyped one and what was meant. */
const TAKERS: readonly (readonly [
  taker: string,
  take: (options: never) => unknown,
  needed: object,
  mistyped: string,
  meant: string,
])[] = [
  ['createStubBackend', createStubBackend, {}, 'Mode', 'mode'],
  ['createBrokerBackend', createBrokerBackend, { store }, 'cluster', 'clusterId'],
  ['createMemoryBackend', createMemoryBackend, {}, 'maxByte', 'maxBytes'],
  ['createMemoryBackend', createMemoryBackend, {}, 'confg', 'config'],
  ['createMemoryStore', createMemoryStore, {}, 'maxStateByte', 'maxStateBytes'],
  ['createIggyBackend', createIggyBackend, iggy, 'topicRefreshMs', 'topicsRefreshMs'],
  ['createIggyBackend', createIggyBackend, iggy, 'group', 'groups'],
  ['createIggyStore', createIggyStore, iggy, 'durablity', 'durability'],
  ['faults.cut', (options) => faults.cut('fetch', options), { when: 'before' }, 'time', 'times'],
  ['faults.fail', (options) => faults.fail('fetch', options), { errorCode: 3 }, 'were', 'where'],
  ['faults.delay', (options) => faults.delay('fetch', options), { ms: 1 }, 'mss', 'ms'],
  ['contractCases', contractCases, { start }, 'capability', 'capabilities'],
];

function refusal(take: () => unknown): unknown {
  try {
    take();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return error;
  }
  throw new Error('the options were taken');
}

describe.each(TAKERS)('%s', (_taker, take, needed, mistyped, meant) => {
  test(`refuses ${mistyped}, and names ${meant}`, () => {
    expect(() => take(needed as never)).not.toThrow();
    expect(refusal(() => take({ ...needed, [mistyped]: 1 } as never))).toMatchObject({
      option: mistyped,
      value: 1,
      message: `option ${mistyped} is 1; there is no such option; did you mean ${meant}?`,
    });
  });

  test('refuses what every object has, as a name of its own', () => {
    expect(refusal(() => take({ ...needed, toString: 1 } as never))).toMatchObject({ option: 'toString', value: 1 });
  });

  test.each([null, 'text', 5])('refuses %j in place of its options', (value) => {
    expect(refusal(() => take(value as never))).toMatchObject({ option: 'options', value });
  });
});

/** Options that are objects themselves. */
const WITHIN: readonly (readonly [path: string, take: (value: never) => unknown, mistyped: string, meant: string])[] = [
  ['groups', (groups) => createBrokerBackend({ store, groups }), 'member', 'members'],
  ['groups', (groups) => createMemoryBackend({ groups }), 'Bytes', 'bytes'],
  ['pollInterval', (pollInterval) => createIggyStore({ ...iggy, pollInterval }), 'minintervalms', 'minIntervalMs'],
  ['capabilities', (capabilities) => contractCases({ start, capabilities }), 'durability', 'durable'],
];

test.each(WITHIN)('%s are refused where one of them is none', (path, take, mistyped, meant) => {
  expect(refusal(() => take({ [mistyped]: 1 } as never))).toMatchObject({
    option: `${path}.${mistyped}`,
    value: 1,
    message: `option ${path}.${mistyped} is 1; there is no such option; did you mean ${path}.${meant}?`,
  });
  expect(refusal(() => take(null as never))).toMatchObject({ option: path, value: null });
});

test('a name that is like none is refused with all that there are', () => {
  expect(refusal(() => createMemoryStore({ path: '/tmp' } as never))).toMatchObject({
    message: 'option path is "/tmp"; there is no such option; there are maxBytes, maxStateBytes',
  });
});

test.each([
  [{}, 'start', undefined],
  [{ start, patienceMs: 'long' }, 'patienceMs', 'long'],
  [{ start, patienceMs: -1 }, 'patienceMs', -1],
  [{ start, capabilities: { durable: 'no' } }, 'capabilities.durable', 'no'],
])('contractCases refuses %o', (options, option, value) => {
  expect(refusal(() => contractCases(options as never))).toMatchObject({ option, value });
});

test('defineContract names the function of the runner that is none', () => {
  expect(refusal(() => defineContract({ describe } as never, { start }))).toMatchObject({ option: 'runner.test' });
  expect(contractCases({ start, capabilities: { durable: undefined } as never })).not.toEqual([]);
});

test('a limit of groups that is undefined is one that is left out', () => {
  expect(() => createMemoryBackend({ groups: { members: undefined } as never })).not.toThrow();
});

describe('startBroker', () => {
  test.each([
    [{ confg: {} }, 'option confg is an object; there is no such option; did you mean config?'],
    [{ maxByte: 1 }, 'option maxByte is 1; there is no such option; there are config, groups, backend, gateway'],
    [
      { gateway: { maxFrameByte: 1 } },
      'option maxFrameByte is 1; there is no such option; did you mean maxFrameBytes?',
    ],
    [
      { gateway: { listener: {} } },
      'option gateway.listener is an object; startBroker listens on a free port of 127.0.0.1; expected createKafkaGateway({ listener }) for a port of your choice',
    ],
    [
      { port: 9092 },
      'option port is 9092; startBroker listens on a free port of 127.0.0.1; expected createKafkaGateway({ listener }) for a port of your choice',
    ],
    [{ gateway: null }, 'option gateway is null; expected an object such as { maxFrameBytes }'],
    [{ gateway: { backend: null } }, 'option gateway.backend is null; leave it out: startBroker has its own'],
    [{ config: [['num.partitions', 3]] }, 'option config is an array of 1; it is an object of configs by their names'],
    [{ config: new Map() }, 'option config is an object; it is an object of configs by their names'],
    [{ groups: { members: -1 } }, 'option groups.members is -1; expected an integer of at least 0'],
    [null, 'option options is null; they are an object such as { config, groups }'],
  ])('refuses %j', async (options, message) => {
    const refused = startBroker(options as never);
    await expect(refused).rejects.toThrow(OptionError);
    await expect(refused).rejects.toThrow(message);
  });
});

test.each([undefined, null, 'memory'])('withFaults refuses %j in place of a backend', (backend) => {
  expect(refusal(() => withFaults(backend as never))).toMatchObject({ option: 'backend', value: backend });
});
