// One codec stands in for another: none of ours is known to fail in any other way than it should.
import { createStubBackend } from 'iggy-gateway-kafka';
import { metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { WireClosedError } from '../support/wire-client.js';

expectQuietProcess();

vi.mock(import('../../src/protocol/messages/produce.js'), async (load) => {
  const real = await load();
  const readRequest = (): never => {
    throw new TypeError('a mistake');
  };
  return { ...real, produceApi: { ...real.produceApi, readRequest } };
});

test('a decoder that fails by a mistake of its own is reported with that, and harms its connection only', async () => {
  const { connect, protocolErrors } = await startObserved({ backend: createStubBackend() });
  const [unlucky, other] = [await connect(), await connect()];
  const request = { acks: 1, timeoutMs: 1, topicData: [] };
  await expect(unlucky.send(produceApi, 9, request)).rejects.toThrow(WireClosedError);
  expect(protocolErrors).toMatchObject([{ error: new TypeError('a mistake'), apiKey: 0, apiVersion: 9 }]);
  await other.send(metadataApi, 9, { topics: [] });
});
