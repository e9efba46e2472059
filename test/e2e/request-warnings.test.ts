import { createStubBackend } from 'iggy-gateway-kafka';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { apiVersionsApi, createTopicsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest';
import { start } from '../support/gateways.js';

let warnings: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(() => {
  warnings.mockRestore();
});

const TOPIC = { topics: [{ name: 'a' }] };
const ADVICE = "listen to 'requestError' to get every failure";

test.each([
  ['throws', () => fail()],
  ['rejects', async () => fail()],
])('a backend that %s is a process warning, once, where requestError has no listener', async (_how, metadata) => {
  const { gateway, connect } = await start({ backend: { ...createStubBackend(), name: 'mine', metadata } });
  const client = await connect();
  for (let time = 0; time < 3; time++) await client.send(metadataApi, 9, TOPIC);
  expect(warnings).toHaveBeenCalledExactlyOnceWith(`backend mine: metadata v9 failed: Error: disk; ${ADVICE}`, {
    type: 'KafkaGatewayWarning',
    detail: expect.stringContaining('request-warnings.test.ts'),
  });
  const listener = vi.fn();
  gateway.on('requestError', listener);
  await client.send(metadataApi, 8, TOPIC);
  expect(listener).toHaveBeenCalledOnce();
  expect(warnings).toHaveBeenCalledOnce();
});

function fail(): never {
  throw new Error('disk');
}

test('a backend whose connect throws is a process warning', async () => {
  const { connect } = await start({ backend: { ...createStubBackend(), connect: () => fail() } });
  const client = await connect();
  await client.closed;
  expect(warnings.mock.calls.map(([message]) => message)).toEqual([
    `backend stub (retriable): connect failed: Error: disk; ${ADVICE}`,
  ]);
});

test('a store that throws is a process warning', async () => {
  const store = Object.assign(createMemoryStore(), { createTopic: () => fail() });
  const { connect } = await start({ backend: createBrokerBackend({ store }) });
  const client = await connect();
  await client.send(apiVersionsApi, 0, {});
  const topics = [{ name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  const { response } = await client.send(createTopicsApi, 5, { topics, timeoutMs: 1000, validateOnly: false });
  expect(response.topics).toMatchObject([{ errorCode: -1 }]);
  expect(warnings.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('Error: disk')]);
});
