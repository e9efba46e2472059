import type { IggyBackendOptions, IggyClient, IggyMessageInit } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, initProducerIdApi } from 'iggy-gateway-kafka/protocol';
import type { TestBroker } from 'iggy-gateway-kafka/testing';
import { onTestFinished } from 'vitest';
import { WireClient } from '../../../src/wire-client/index.js';
import { newStream, startGateway } from './gateway.js';
import type { IggyServer } from './iggy.js';
import { type IggyProxy, startProxy } from './iggy-proxy.js';

/** A gateway over a stream of its own, until the end of the test. */
export interface Setup {
  readonly broker: TestBroker;
  readonly client: WireClient;
  /** Between the gateway and the server, unless clients were given. */
  readonly proxy: IggyProxy;
  readonly warnings: string[];
  readonly stream: string;
  /** Iggy's own client, past the proxy. */
  readonly direct: IggyClient;
  /** Sends a message to `orders` with it. */
  readonly send: (message: IggyMessageInit) => Promise<void>;
}

export async function setUp(iggy: IggyServer, options: Partial<IggyBackendOptions> = {}): Promise<Setup> {
  const proxy = await startProxy(iggy.port);
  const stream = newStream();
  const isGiven = options.client !== undefined || options.clients !== undefined;
  const connect = (): IggyClient => iggy.connect({ options: { host: '127.0.0.1', port: proxy.port } });
  const { broker, warnings } = await startGateway(iggy, { ...(isGiven ? {} : { connect }), stream, ...options });
  const client = await WireClient.connect(broker.bootstrap);
  const direct = iggy.connect();
  onTestFinished(async () => {
    await client.close();
    await direct.destroy();
    await broker.close();
    await proxy.close();
  });
  const send = async (message: IggyMessageInit): Promise<void> => {
    const partition = { kind: 2, value: 0 } as const;
    await direct.message.send({ streamId: stream, topicId: 'orders', messages: [message], partition });
  };
  return { broker, client, proxy, warnings, stream, direct, send };
}

/** A producer's id, as its batches carry it. */
export interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export async function newProducer(client: WireClient): Promise<Producer> {
  const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
  const { producerId, producerEpoch } = await client.send(initProducerIdApi, request);
  return { producerId: Number(producerId), producerEpoch };
}

/** A batch of one record. */
export const batchOf = (value: string, producer: Partial<Producer> & { baseSequence?: number } = {}): Buffer =>
  buildBatch([{ timestamp: Date.now(), value: Buffer.from(value) }], producer);
