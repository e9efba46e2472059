import { createIggyBackend, type IggyBackendOptions } from 'iggy-gateway-kafka/adapters/iggy';
import { startBroker, type TestBroker } from 'iggy-gateway-kafka/testing';
import type { IggyServer } from './iggy.js';

/** A gateway over a server, and what it told its operator. */
export interface IggyGateway {
  readonly broker: TestBroker;
  /** Name of the stream that it serves. */
  readonly stream: string;
  readonly warnings: string[];
}

let streams = 0;

/** A stream of its own for each test. */
export function newStream(): string {
  return `stream-${String(process.pid)}-${String(++streams)}`;
}

export async function startGateway(iggy: IggyServer, options: Partial<IggyBackendOptions> = {}): Promise<IggyGateway> {
  const warnings: string[] = [];
  // A restart goes on in the same one.
  const stream = newStream();
  const broker = await startBroker({
    backend: () =>
      createIggyBackend({
        ...(options.client === undefined && options.clients === undefined ? { connect: () => iggy.connect() } : {}),
        stream,
        warn: (message) => warnings.push(message),
        ...options,
        config: { 'group.initial.rebalance.delay.ms': 0, ...options.config },
      }),
  });
  return { broker, stream, warnings };
}
