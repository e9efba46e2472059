import { it } from 'vitest';
import { tryService } from '../support/iggy-sdk/service.js';

// With a real server and SDK: test/iggy/service.test.ts.
it('iggy-service: Kafka clients read what it writes with the SDK, and it reads what they write', async () => {
  await tryService(new URL('../support/iggy-sdk/stand-in.ts', import.meta.url).href);
});
