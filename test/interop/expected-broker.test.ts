import { createKafkaGateway, ErrorCode } from 'iggy-gateway-kafka';
import { createBrokerBackend, singleNode } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { expect, onTestFinished, test, type TestContext, vi } from 'vitest';
import { startClient } from './faults/start-client.js';
import { clients } from './matrix/clients.js';
import { RecordingProxy } from './recording-proxy.js';

// KIP-1242 with Kafka's own client. Its producers and consumers, but not its admin clients, send which broker they expect
// when they connect to one that Metadata named.

const { java } = clients;

const RECORDS = {
  compression: 'none',
  idempotent: false,
  records: [{ key: null, value: 'b25l', headers: [], timestamp: 1_700_000_000_000 }],
} as const;

interface Place {
  readonly clusterId: string;
  readonly nodeId: number;
  /** Default: one that the system chooses. */
  readonly port?: number;
  /** What Metadata names. Default: the port. */
  readonly advertised?: number;
}

/** A broker that ends with the test, and the error codes of its answers to ApiVersions in version 5. */
async function serve({ clusterId, nodeId, port = 0, advertised }: Place) {
  const backend = createBrokerBackend({
    store: createMemoryStore(),
    clusterId,
    placement: singleNode(nodeId),
    config: { 'group.initial.rebalance.delay.ms': 0 },
  });
  const gateway = createKafkaGateway({ listener: { port, advertised: { port: advertised } }, backend });
  const answered: number[] = [];
  gateway.on('response', ({ api, apiVersion, errorCode }) => {
    if (api === 'apiVersions' && apiVersion === 5) answered.push(errorCode);
  });
  const endpoint = await gateway.listen();
  const close = () => gateway.close({ drainTimeoutMs: 0 });
  onTestFinished(close);
  return { port: endpoint.port, answered, close };
}

function startJava(context: TestContext, port: number) {
  return startClient(context, java, { bootstrap: `127.0.0.1:${port}` });
}

test.for([
  ['another cluster', { clusterId: 'two', nodeId: 1 }],
  ['another node of the cluster', { clusterId: 'one', nodeId: 2 }],
] as const)('a producer that is routed to %s goes back to its bootstrap servers', async ([, other], context) => {
  let target = 0;
  const proxy = await RecordingProxy.listen(() => target);
  onTestFinished(() => proxy.close());
  const wrong = await serve(other);
  const right = await serve({ clusterId: 'one', nodeId: 1, advertised: proxy.port });
  target = right.port;
  const driver = await startJava(context, right.port);
  await driver.do('create', { topic: 't', partitions: 1 });
  target = wrong.port;
  const produced = driver.do('produce', { topic: 't', partition: 0, ...RECORDS });
  await vi.waitFor(() => expect(wrong.answered).not.toEqual([]), { timeout: 30_000 });
  target = right.port;
  await produced;
  await context.annotate(`error codes of ApiVersions v5: ${wrong.answered.join(', ')}`, 'output');
  expect(new Set(wrong.answered)).toEqual(new Set([ErrorCode.REBOOTSTRAP_REQUIRED]));
  expect(new Set(right.answered)).toEqual(new Set([ErrorCode.NONE]));
});

test('a client that is sent to the broker it expects is let in, and so are its members of groups', async (context) => {
  const broker = await serve({ clusterId: 'one', nodeId: 7 });
  const driver = await startJava(context, broker.port);
  expect(await driver.do('connect', {})).toEqual({ brokers: [7] });
  await driver.do('create', { topic: 't', partitions: 1 });
  await driver.do('produce', { topic: 't', partition: 0, ...RECORDS });
  const { records } = await driver.do('readGroup', { group: 'g', topic: 't', count: 1 });
  expect(records).toMatchObject(RECORDS.records);
  await context.annotate(`error codes of ApiVersions v5: ${broker.answered.join(', ')}`, 'output');
  expect(new Set(broker.answered)).toEqual(new Set([ErrorCode.NONE]));
});
