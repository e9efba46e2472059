import { startBroker } from 'iggy-gateway-kafka/testing';
import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';
import { loadSdk } from '../support/iggy.js';

// A gateway in a process of its own: `server.ts <port of Iggy> <stream>`; says where it is, and ends with its parent.

const [port, stream = ''] = process.argv.slice(2);
const { Client } = await loadSdk();
const credentials = { username: 'iggy', password: 'iggy' };
const options = { host: '127.0.0.1', port: Number(port) };
const broker = await startBroker({
  backend: createIggyBackend({ connect: () => new Client({ transport: 'TCP', options, credentials }), stream }),
});
process.on('disconnect', () => void broker.close().finally(() => process.exit()));
process.send?.(broker.bootstrap);
