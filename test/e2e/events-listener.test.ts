// The failure of a server that listens is emitted by the test: a real one (no file handles left) would take the runner along.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server, Socket } from 'node:net';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { record, start } from '../support/gateways.js';

/** The server that accepts the next connection. */
async function nextServer(connect: () => Promise<unknown>): Promise<Server> {
  let server: Server | undefined;
  const onSocket = (message: unknown) => {
    server = (message as { socket: Socket & { server: Server } }).socket.server;
  };
  subscribe('net.server.socket', onSocket);
  await connect();
  await vi.waitFor(() => {
    expect(server).toBeDefined();
  });
  unsubscribe('net.server.socket', onSocket);
  return server as Server;
}

test('a listener that fails is reported as error, and what is connected goes on', async () => {
  const { gateway, connect } = await start();
  const errors = record(gateway, 'error');
  const client = await connect();
  const server = await nextServer(connect);
  const failed = new Error('accept EMFILE');
  server.emit('error', failed);
  expect(errors).toEqual([failed]);
  await client.send(metadataApi, 9, { topics: null });
});
