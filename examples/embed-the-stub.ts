// A Kafka port inside a Node.js process. The stub stores nothing and says so; put your own backend in its place.
import { createKafkaGateway, createStubBackend } from 'iggy-gateway-kafka';

const gateway = createKafkaGateway({
  listener: { host: '127.0.0.1', port: Number(process.env['PORT'] ?? 9093) },
  backend: createStubBackend({ mode: 'accepting' }),
});

const { host, port } = await gateway.listen();
console.log(`Kafka clients may connect to ${host}:${String(port)}`);

process.once('SIGTERM', () => {
  void gateway.close({ drainTimeoutMs: 5_000 });
});
