// Measures what importing an entry point costs: CPU time (user and system) of a Node.js process that imports it, beyond
// that of an empty one. CPU time varies less than elapsed time on a busy machine; where the median still exceeds its
// bar, the rounds are repeated, for only code that became heavier exceeds it every time.

import { spawnSync } from 'node:child_process';
import { entries } from './entries.js';

/** The most milliseconds of CPU time that an entry point may cost beyond an empty process, on a machine as below. */
const BARS_MS: Readonly<Record<string, number>> = { index: 40, 'adapters-memory': 80 };
/** CPU time of an empty process on the machine for which the bars were set. A slower one has higher bars. */
const REFERENCE_EMPTY_MS = 45;
const ROUNDS = 15;
const ATTEMPTS = 3;

const REPORT =
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); console.log(user + system); });";

/** CPU milliseconds of a process that runs the code. */
function cpuMs(code: string): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', REPORT + code], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the process failed: ${stderr}`);
  return Number(stdout) / 1000;
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1]!;
}

/** Medians: of the empty process, and of the cost of each entry point. Rounds alternate, so that load affects all alike. */
function measure(urls: readonly string[]): { readonly base: number; readonly costs: readonly number[] } {
  const empty: number[] = [];
  const costs = urls.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    empty.push(cpuMs(''));
    for (const [at, url] of urls.entries()) costs[at]!.push(cpuMs(`import(${JSON.stringify(url)});`));
  }
  const base = median(empty);
  return { base, costs: costs.map((values) => median(values) - base) };
}

const labels = Object.keys(BARS_MS);
const urls = labels.map((label) => {
  const { source } = entries.find((entry) => entry.label === label)!;
  return new URL(`../../dist/${source.replace(/\.ts$/, '.js')}`, import.meta.url).href;
});

let heavy: string[] = [];
for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
  const { base, costs } = measure(urls);
  const slowness = Math.max(1, base / REFERENCE_EMPTY_MS);
  const bars = labels.map((label) => BARS_MS[label]! * slowness);
  const text = labels.map((label, at) => `${label} ${costs[at]!.toFixed(0)} ms (at most ${bars[at]!.toFixed(0)})`);
  console.log(`CPU time of an import beyond an empty process of ${base.toFixed(0)} ms: ${text.join(', ')}`);
  heavy = labels.filter((_, at) => costs[at]! > bars[at]!);
  if (heavy.length === 0) break;
}
if (heavy.length > 0) {
  console.error(`imports became too heavy: ${heavy.join(', ')}`);
  process.exitCode = 1;
}
