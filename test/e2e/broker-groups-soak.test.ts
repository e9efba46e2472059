import { expect, test } from 'vitest';
import { soak } from '../soak/soak.js';

// The whole soak, of minutes: `npm run soak`.
test('members of many groups join, die and leave, and the broker restarts: no partition has two owners, no record is lost', async () => {
  const { counts, violations } = await soak({ durationMs: 4000, groups: 4, seed: 7 });
  expect(violations).toEqual([]);
  for (const [name, count] of Object.entries(counts)) expect([name, count > 0]).toEqual([name, true]);
}, 60_000);
