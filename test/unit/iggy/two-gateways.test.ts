import { describe, test } from 'vitest';
import { TWO_GATEWAYS } from '../../iggy/support/two-gateways.js';
import { createStandIn } from '../../support/iggy-stand-in.js';

describe('of two gateways over one stream', () => {
  for (const { title, run } of TWO_GATEWAYS) {
    test(title, { timeout: 60_000 }, async () => {
      const iggy = createStandIn();
      await run({ connect: () => iggy.connect(), stream: 'kafka' });
    });
  }
});
