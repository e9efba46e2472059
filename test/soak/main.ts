import { parseArgs } from 'node:util';
import { soak } from './soak.js';

// npm run soak -- --minutes 5 --seed 7

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
console.log(`soak of ${values.minutes} minutes, seed ${values.seed}`);
const { counts, violations } = await soak({ durationMs: minutes * 60_000, seed, restarts: Math.ceil(minutes) });
console.table(counts);
for (const violation of violations) console.error(violation);
process.exitCode = violations.length === 0 ? 0 : 1;
