import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import { cert, key } from './certificate.js';
import { listenForTest } from './own-server.js';
import { WireClient } from './wire-client.js';

/** Connects over TLS, to a server that hands its sockets to the gateway. */
export async function tlsClient(gateway: { handleConnection(socket: Socket): void }): Promise<WireClient> {
  const port = await listenForTest(
    createServer({ key, cert }, (socket) => {
      gateway.handleConnection(socket);
    }),
  );
  const socket = connect({ host: '127.0.0.1', port, ca: cert });
  await once(socket, 'secureConnect');
  const client = WireClient.over(socket);
  onTestFinished(() => client.close());
  return client;
}
