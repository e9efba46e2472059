import { createKafkaGateway } from 'iggy-gateway-kafka';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
const g = createKafkaGateway({ listener: { port: Number(process.argv[2] ?? 19099) }, backend: createBrokerBackend({ store: createMemoryStore() }) });
g.on('requestError', (e) => console.log(e)); g.on('protocolError', (e) => console.log(e)); g.on('refused', (e) => console.log(e));
console.log(await g.listen());
