import { createKafkaGateway, type Endpoint, type KafkaGateway } from 'iggy-gateway-kafka';
import { type BrokerOptions, createBrokerBackend, type LogStore } from 'iggy-gateway-kafka/adapters/broker';
import { metadataApi, offsetFetchApi } from 'iggy-gateway-kafka/protocol';
import { onTestFinished } from 'vitest';
import { TurnedClock, turnUntil } from './turned-clock.js';
import { WireClient } from './wire-client.js';

export const SESSION_TIMEOUT_MS = 10_000;
/** How often a broker that has lost the state looks at it. */
export const LOOK_MS = SESSION_TIMEOUT_MS / 10;

/** One of several brokers over one store, with a clock of its own and a client. */
export interface SharedBroker {
  readonly gateway: KafkaGateway;
  readonly port: number;
  readonly client: WireClient;
  readonly clock: TurnedClock;
  readonly warnings: string[];
  /** States that were emitted, in their order. */
  readonly states: string[];
  /** Error code of OffsetFetch, which needs the state. */
  groupError(): Promise<number | undefined>;
  /** Brokers that Metadata names. */
  brokers(): Promise<readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]>;
  /** Turns the clock until this broker owns the state. */
  untilActive(): Promise<void>;
  /** Turns the clock until another broker owns the state, and its address is known. */
  untilOvertakenBy(other: { readonly port: number }): Promise<void>;
  close(): Promise<void>;
}

/** Starts a broker over a store, and closes it after the test. */
export async function startSharedBroker(
  store: LogStore,
  options: Partial<BrokerOptions> & { readonly advertised?: Endpoint } = {},
  wrap: <Backend extends ReturnType<typeof createBrokerBackend>>(backend: Backend) => Backend = (backend) => backend,
): Promise<SharedBroker> {
  const clock = new TurnedClock();
  const warnings: string[] = [];
  const states: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const { advertised, ...broker } = options;
  const backend = wrap(createBrokerBackend({ store, clock, warn, ...broker }));
  const gateway = createKafkaGateway({ listener: { port: 0, advertised }, backend });
  gateway.on('backendStatus', ({ state }) => states.push(state));
  const { port } = await gateway.listen();
  const client = await WireClient.connect(port);
  const status = () => gateway.stats().backendStatus;
  const close = async (): Promise<void> => {
    await client.close();
    await gateway.close({ drainTimeoutMs: 0 });
  };
  onTestFinished(close);
  return {
    gateway,
    port,
    client,
    clock,
    warnings,
    states,
    async groupError() {
      const groups = [{ groupId: 'readers', topics: [] }];
      const { response } = await client.send(offsetFetchApi, 8, { groups, requireStable: false });
      return response.groups[0]?.errorCode;
    },
    brokers: async () => (await client.send(metadataApi, 9, { topics: [] })).response.brokers,
    untilActive: () => turnUntil(clock, LOOK_MS, () => status().state === 'active'),
    untilOvertakenBy: (other) => turnUntil(clock, 0, () => status().successor?.port === other.port),
    close,
  };
}
