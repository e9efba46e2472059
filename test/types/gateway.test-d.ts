import type typedEmitter from 'typed-emitter';
import { expectAssignable, expectError, expectType } from 'tsd';
import {
  type Backend,
  createKafkaGateway,
  createStubBackend,
  type Endpoint,
  type GatewayEvents,
  type GatewayStats,
  type KafkaGateway,
  type RequestEvent,
  type ResponseEvent,
} from 'iggy-gateway-kafka';

const gateway = createKafkaGateway({ listener: { host: '127.0.0.1', port: 9093 } });
expectType<KafkaGateway>(gateway);
expectType<Promise<Endpoint>>(gateway.listen());
expectType<Promise<void>>(gateway.close({ drainTimeoutMs: 100 }));
expectType<Endpoint | null>(gateway.endpoint);
expectType<Endpoint | null>(gateway.advertised);
expectType<GatewayStats>(gateway.stats());
expectAssignable<AsyncDisposable>(gateway);

// Events carry their types, and chain.
expectType<KafkaGateway>(
  gateway
    .on('request', (event) => {
      expectType<RequestEvent>(event);
    })
    .once('response', (event) => {
      expectType<ResponseEvent>(event);
      expectType<number>(event.durationMs);
    })
    .off('close', () => undefined),
);
expectError(gateway.on('requests', () => undefined));
expectError(gateway.on('request', (event: string) => event));

// Our on, once and off are those of typed-emitter over the same events.
declare const emitter: typedEmitter.default<GatewayEvents>;
expectAssignable<(event: 'request', listener: GatewayEvents['request']) => unknown>(emitter.on.bind(emitter));
expectAssignable<Parameters<KafkaGateway['on']>>(['request', (_event: RequestEvent): void => undefined]);
type Emits = Pick<KafkaGateway, 'on' | 'once' | 'off'>;
declare function takesOurs(emits: {
  [Method in keyof Emits]: <Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]) => unknown;
}): void;
takesOurs(emitter);
takesOurs(gateway);

// Options.
expectError(createKafkaGateway({ listener: { hostname: '127.0.0.1' } }));
expectError(createKafkaGateway({ onUnsupportedVersion: 'ignore' }));
expectError(createKafkaGateway({ versions: { produces: { min: 3, max: 9 } } }));
createKafkaGateway();
createKafkaGateway({ listener: [{ port: 0 }], backend: createStubBackend({ mode: 'accepting' }) });

// Any backend is taken, whatever it keeps for a connection.
declare const stateful: Backend<{ readonly since: number }>;
createKafkaGateway({ backend: stateful });
