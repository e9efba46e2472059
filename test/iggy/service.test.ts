import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { it } from 'vitest';
import { tryService } from '../support/iggy-sdk/service.js';
import { startIggy } from './support/iggy.js';

it('iggy-service: Kafka clients read what it writes with the SDK, and it reads what they write', async () => {
  const iggy = await startIggy();
  try {
    const sdk = pathToFileURL(join(process.env['IGGY_SDK'] ?? '', 'dist/index.js')).href;
    await tryService(sdk, { IGGY_PORT: String(iggy.port) });
  } finally {
    await iggy.close();
  }
}, 180_000);
