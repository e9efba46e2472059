import {
  type Backend,
  type ConnectionErrorEvent,
  type ConnectionInfo,
  createKafkaGateway,
  type GatewayEvents,
  type GatewayOptions,
  type KafkaGateway,
  type ProtocolErrorEvent,
  type UnsupportedVersionEvent,
  type RequestErrorEvent,
} from 'iggy-gateway-kafka';
import { expect, onTestFinished, vi } from 'vitest';
import { WireClient } from './wire-client.js';

type Options = Omit<GatewayOptions, 'listener'>;
type Event<Name extends keyof GatewayEvents> = Parameters<GatewayEvents[Name]>[0];

/** A gateway that listens. */
export interface Started {
  readonly gateway: KafkaGateway;
  readonly port: number;
  /** Connects a client that is closed when the test is over. */
  connect(options?: { readonly allowHalfOpen?: boolean }): Promise<WireClient>;
}

/** One that has its events written down. */
export interface Observed extends Started {
  readonly protocolErrors: readonly ProtocolErrorEvent[];
  readonly connectionErrors: readonly ConnectionErrorEvent[];
  readonly requestErrors: readonly RequestErrorEvent[];
  readonly refused: readonly UnsupportedVersionEvent[];
  readonly disconnects: readonly ConnectionInfo[];
}

/**
 * A gateway on 127.0.0.1 and a port of the system's choice. With the test its clients and it are closed, and then
 * nothing may be left of them: no connection, no byte that counts as in flight.
 */
export async function start(options: Options = {}): Promise<Started> {
  const gateway = createKafkaGateway({ ...options, listener: { port: 0 } });
  const { port } = await gateway.listen();
  const clients: WireClient[] = [];
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await gateway.close({ drainTimeoutMs: 0 });
    await vi.waitFor(() => {
      expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
    });
  });
  return {
    gateway,
    port,
    async connect(connectOptions) {
      const client = await WireClient.connect(port, connectOptions);
      clients.push(client);
      return client;
    },
  };
}

/** The same with a backend literal of the test's own. */
export function startBackend(methods: Omit<Backend, 'name'>, options: Omit<Options, 'backend'> = {}): Promise<Started> {
  return start({ ...options, backend: { name: 'test', ...methods } });
}

/** The same, with what it reports. */
export async function startObserved(options: Options = {}): Promise<Observed> {
  const started = await start(options);
  const { gateway } = started;
  return {
    ...started,
    protocolErrors: record(gateway, 'protocolError'),
    connectionErrors: record(gateway, 'connectionError'),
    requestErrors: record(gateway, 'requestError'),
    refused: record(gateway, 'unsupportedVersion'),
    disconnects: record(gateway, 'disconnect'),
  };
}

/** Every event of one name from now on, with its first argument. */
export function record<Name extends keyof GatewayEvents>(gateway: KafkaGateway, name: Name): Event<Name>[] {
  const seen: Event<Name>[] = [];
  gateway.on(name, ((event: Event<Name>) => {
    seen.push(event);
  }) as GatewayEvents[Name]);
  return seen;
}
