import {
  type Backend,
  createKafkaGateway,
  type GatewayEvents,
  type GatewayOptions,
  type KafkaGateway,
} from 'iggy-gateway-kafka';
import { onTestFinished } from 'vitest';
import { WireClient } from './wire-client.js';

export interface Started {
  readonly gateway: KafkaGateway;
  readonly port: number;
  connect(): Promise<WireClient>;
}

/** A gateway on 127.0.0.1 and a port of the system's choice; it and its clients are closed with the test. */
export async function start(options: Omit<GatewayOptions, 'listener'> = {}): Promise<Started> {
  const gateway = createKafkaGateway({ ...options, listener: { port: 0 } });
  const { port } = await gateway.listen();
  const clients: WireClient[] = [];
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await gateway.close({ graceMs: 0 });
  });
  return {
    gateway,
    port,
    async connect() {
      const client = await WireClient.connect(port);
      clients.push(client);
      return client;
    },
  };
}

/** The same with a backend literal of the test's own. */
export function startBackend(
  methods: Omit<Backend, 'name'>,
  options: Omit<GatewayOptions, 'listener' | 'backend'> = {},
): Promise<Started> {
  return start({ ...options, backend: { name: 'test', ...methods } });
}

/** Every event of one name from now on, with its first argument. */
export function record<Name extends keyof GatewayEvents>(
  gateway: KafkaGateway,
  name: Name,
): Parameters<GatewayEvents[Name]>[0][] {
  const seen: Parameters<GatewayEvents[Name]>[0][] = [];
  gateway.on(name, ((event: Parameters<GatewayEvents[Name]>[0]) => {
    seen.push(event);
  }) as GatewayEvents[Name]);
  return seen;
}

/** Something that a test settles by hand. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function defer<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}
