// A user's program, which consumers.ts compiles against the package with the compilers that users have.

import { createKafkaGateway, KafkaError, type Backend } from 'iggy-gateway-kafka';

const backend: Backend = {
  name: 'consumer',
  fetch() {
    throw new KafkaError(6);
  },
};

await using gateway = createKafkaGateway({ listener: { host: '127.0.0.1', port: 0 }, backend });
gateway.on('request', ({ api, apiVersion }) => {
  console.log(`${api} v${apiVersion.toFixed(0)}`);
});
await gateway.listen();
