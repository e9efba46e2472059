import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Reporter, TestModule } from 'vitest/node';
import { clients } from './matrix/clients.js';
import { type Cell, cellOf, replaced, scenarioTable } from './matrix/table.js';

const FILE = fileURLToPath(new URL('../../docs/reference/compatibility-iggy.md', import.meta.url));

/** What each client did in its last run. */
const KEPT = fileURLToPath(new URL('../../temp/interop-iggy-table.json', import.meta.url));

/** Writes the table of the clients on Iggy once every client has run: in this run, or before it in the same folder. */
export default class IggyReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    if (tests.some((test) => test.result().state === 'skipped')) return;
    const before = existsSync(KEPT) ? (JSON.parse(await readFile(KEPT, 'utf8')) as Cell[]) : [];
    const cells = replaced(before, tests.flatMap(cellOf));
    await mkdir(dirname(KEPT), { recursive: true });
    await writeFile(KEPT, JSON.stringify(cells));
    const names = Object.values(clients).map(({ name }) => name);
    const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
    if (names.some((name) => cells.filter(({ client }) => client === name).length < scenarios.length)) return;
    const options = await resolveConfig(FILE);
    await writeFile(FILE, await format(page(names, scenarios, cells), { ...options, filepath: FILE }));
  }
}

function page(names: readonly string[], scenarios: readonly string[], cells: readonly Cell[]): string {
  return [
    '# Clients that work with Apache Iggy behind the gateway',
    '',
    'Written by `npm run test:iggy:clients`, which runs each client in the version below, as its makers ship it, against',
    '`createIggyStore()` and a real Iggy server, each cluster of a scenario in a stream of its own. The scenarios are those',
    'of [the memory backend](compatibility.md#the-scenarios), which has the limits of the clients as well. Records are',
    'compared in key, value, headers, timestamp, offset and order.',
    '',
    ...scenarioTable(names, scenarios, cells),
    'What differs here:',
    '',
    '- Iggy keeps records, not batches: compression, and the sequences of an idempotent producer, are not looked for in what',
    '  is stored.',
    '- **commit, gateway restarts, resume**: the second gateway has nothing of the first but the address of the server: groups,',
    '  committed offsets, topic ids and the cluster id are those in Iggy, and the clients go on as they were.',
    '',
  ].join('\n');
}
