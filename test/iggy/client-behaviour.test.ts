import { afterAll, beforeAll, describe, it } from 'vitest';
import { behaviours } from './client-behaviour.js';
import { newStream } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

describe('the client of the SDK, and the server', () => {
  it.each(behaviours)('$title', async ({ check }) => {
    const client = iggy.connect();
    const other = iggy.connect();
    const streamId = newStream();
    try {
      await other.stream.create({ name: streamId });
      await check({ client, other, streamId });
    } finally {
      await client.destroy().catch(() => undefined);
      await other.destroy();
    }
  });
});
