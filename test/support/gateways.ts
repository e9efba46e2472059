import {
  type ConnectionErrorEvent,
  type ConnectionInfo,
  createKafkaGateway,
  type GatewayOptions,
  type KafkaGateway,
  type ProtocolErrorEvent,
  type RefusedEvent,
  type RequestErrorEvent,
} from 'iggy-gateway-kafka';
import { afterEach, expect, vi } from 'vitest';
import { expectQuietProcess } from './quiet-process.js';
import { WireClient } from './wire-client.js';

/** A gateway that listens, and what it has reported. */
export interface RunningGateway {
  readonly gateway: KafkaGateway;
  readonly port: number;
  readonly protocolErrors: readonly ProtocolErrorEvent[];
  readonly connectionErrors: readonly ConnectionErrorEvent[];
  readonly requestErrors: readonly RequestErrorEvent[];
  readonly refused: readonly RefusedEvent[];
  readonly disconnects: readonly ConnectionInfo[];
  /** Connects a client that is closed when the test is over. */
  connect(options?: { readonly allowHalfOpen?: boolean }): Promise<WireClient>;
}

/**
 * For every test of the file: the gateways that it starts, and their clients, are closed when it is over, and then
 * nothing may be left of them: no connection, no byte that counts as in flight, no noise in the process.
 */
export function useGateways(): (options?: GatewayOptions) => Promise<RunningGateway> {
  const running: { readonly gateway: KafkaGateway; readonly clients: WireClient[] }[] = [];
  afterEach(async () => {
    for (const { gateway, clients } of running.splice(0)) {
      await Promise.all(clients.map((client) => client.close()));
      await vi.waitFor(() => {
        expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
      });
      await gateway.close({ graceMs: 0 });
    }
  });
  expectQuietProcess();

  return async (options = {}) => {
    const gateway = createKafkaGateway({ listener: { port: 0 }, ...options });
    const clients: WireClient[] = [];
    running.push({ gateway, clients });
    const protocolErrors: ProtocolErrorEvent[] = [];
    const connectionErrors: ConnectionErrorEvent[] = [];
    const requestErrors: RequestErrorEvent[] = [];
    const refused: RefusedEvent[] = [];
    const disconnects: ConnectionInfo[] = [];
    gateway
      .on('protocolError', (event) => void protocolErrors.push(event))
      .on('connectionError', (event) => void connectionErrors.push(event))
      .on('requestError', (event) => void requestErrors.push(event))
      .on('refused', (event) => void refused.push(event))
      .on('disconnect', (connection) => void disconnects.push(connection));
    const { port } = await gateway.listen();
    return {
      gateway,
      port,
      protocolErrors,
      connectionErrors,
      requestErrors,
      refused,
      disconnects,
      async connect(connectOptions) {
        const client = await WireClient.connect(port, connectOptions);
        clients.push(client);
        return client;
      },
    };
  };
}
