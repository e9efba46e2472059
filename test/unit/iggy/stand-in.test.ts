import { describe, it } from 'vitest';
import { behaviours } from '../../iggy/client-behaviour.js';
import { createStandIn } from '../../support/iggy-stand-in.js';

describe('the stand-in for the client of Iggy', () => {
  it.each(behaviours)('$title', async ({ check }) => {
    const server = createStandIn();
    const client = server.connect();
    await client.stream.create({ name: 'stream' });
    await check({ client, other: server.connect(), streamId: 'stream' });
  });
});
