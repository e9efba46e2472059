import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { type CutRow, cutSection, type TakeoverRow, takeoverSection } from './faults/tables.js';
import { clients, type MatrixClient } from './matrix/clients.js';
import { type Cell, cellOf, replaced, row, said, scenarioTable } from './matrix/table.js';

const FILE = fileURLToPath(new URL('../../docs/reference/compatibility.md', import.meta.url));

/** What each client did in its last run. */
const KEPT = fileURLToPath(new URL('../../temp/interop-table.json', import.meta.url));

/** What a command line tool was seen to do. */
interface Tool {
  readonly tool: string;
  readonly does: string;
  readonly state: string;
}

interface Kept {
  readonly cells: readonly Cell[];
  readonly tools: readonly Tool[];
  readonly cuts: readonly CutRow[];
  readonly takeovers: readonly TakeoverRow[];
}

/** Writes the table once every client has run: in this run, or in one before it in the same folder. */
export default class CompatibilityReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    // Left out by a filter, or without its client: no table comes of it.
    const partial = tests.some((test) => test.result().state === 'skipped');
    if (partial) return;
    const kept = together(await before(), {
      cells: tests.flatMap(cellOf),
      tools: tests.flatMap(toolOf),
      cuts: rowsOf(tests, 'cuts'),
      takeovers: rowsOf(tests, 'takeover'),
    });
    await mkdir(dirname(KEPT), { recursive: true });
    await writeFile(KEPT, JSON.stringify(kept));
    const all: readonly MatrixClient[] = Object.values(clients);
    const scenarios = [...new Set(kept.cells.map(({ scenario }) => scenario))];
    if (all.some(({ name }) => kept.cells.filter(({ client }) => client === name).length < scenarios.length)) return;
    if (all.some(({ name }) => kept.cuts.every(({ client }) => client !== name))) return;
    if (kept.tools.length === 0 || kept.takeovers.length === 0) return;
    await mkdir(dirname(FILE), { recursive: true });
    const options = await resolveConfig(FILE);
    await writeFile(FILE, await format(page(all, scenarios, kept), { ...options, filepath: FILE }));
  }
}

async function before(): Promise<Kept> {
  const none: Kept = { cells: [], tools: [], cuts: [], takeovers: [] };
  return existsSync(KEPT) ? { ...none, ...(JSON.parse(await readFile(KEPT, 'utf8')) as Partial<Kept>) } : none;
}

/** What ran now takes the place of what its client, or the tools, did before. */
function together(kept: Kept, now: Kept): Kept {
  return {
    cells: replaced(kept.cells, now.cells),
    tools: now.tools.length > 0 ? now.tools : kept.tools,
    cuts: replaced(kept.cuts, now.cuts),
    takeovers: replaced(kept.takeovers, now.takeovers),
  };
}

function rowsOf<Row>(tests: readonly TestCase[], type: string): Row[] {
  return tests.flatMap((test) => {
    const row = said(test, type);
    return row === undefined ? [] : [JSON.parse(row) as Row];
  });
}

function toolOf(test: TestCase): Tool[] {
  const tool = said(test, 'tool');
  if (tool === undefined) return [];
  return [{ ...(JSON.parse(tool) as Pick<Tool, 'tool' | 'does'>), state: test.result().state }];
}

function page(
  all: readonly MatrixClient[],
  scenarios: readonly string[],
  { cells, tools, cuts, takeovers }: Kept,
): string {
  const names = all.map(({ name }) => name);
  const limits = all.flatMap(({ name, lacks = [], stamps = true, picks = true, outlives = true }) => [
    ...(lacks.length > 0 ? [`- ${name} has no way to say ${lacks.join(', ')}: what it reads here has none.`] : []),
    ...(stamps ? [] : [`- ${name} stamps records by itself: what it produces is compared without timestamps.`]),
    ...(picks ? [] : [`- ${name} lets nobody say the partition of a record: it produces to a topic of one.`]),
    ...(outlives
      ? []
      : [`- A consumer of ${name} ends by itself when its only broker goes away: it is started again.`]),
  ]);
  return [
    '# Clients that work with the memory backend',
    '',
    'Written by `npm run test:interop`, which runs each client in the version below, as its makers ship it, against',
    '`createMemoryBackend()`. Records are compared in key, value, headers, timestamp, offset and order: those that a client',
    'produces with the bytes that are stored, those that it consumes with what was laid out past every client, in each',
    'compression.',
    '',
    ...scenarioTable(names, scenarios, cells),
    '## Command line tools',
    '',
    'The scenarios above have kafka-topics, kafka-console-producer, kafka-console-consumer, kafka-consumer-groups,',
    'kafka-get-offsets, kafka-delete-records and kafka-broker-api-versions do their part. Besides:',
    '',
    row(['Tool', 'What it did', '']),
    row(['---', '---', '---']),
    ...tools.map(({ tool, does, state }) => row([tool, does, state === 'passed' ? 'yes' : 'FAILS'])),
    '',
    ...cutSection(names, cuts),
    ...takeoverSection(names, takeovers),
    '## Limits of clients',
    '',
    ...limits,
    "- @confluentinc/kafka-javascript makes null of an empty buffer without memory, as `Buffer.from('')` is: here it gets",
    '  empty ones with memory. Its headers and those of kafkajs are an object: order is kept among those of one name.',
    '- kafkajs compresses with gzip by itself; snappy, lz4 and zstd it does here with the codecs of this package.',
    '',
    '## The scenarios',
    '',
    '- **produce and consume 10 MiB**: one record of 10 MiB that does not compress, in a batch of its own.',
    '- **group of two rebalances**: six partitions; two members have three each, a third joins and each has two, one is',
    '  killed and the rest have three each, records reach the rest, one leaves and the last has all six. The time is that',
    '  from the kill to the last SyncGroup of the rest: the session timeout is 6 s, the heartbeat interval 500 ms.',
    '- **commit, restart, resume**: half of a partition is read and committed in the middle of a batch; a new process goes',
    '  on with the next record.',
    '- **commit, gateway restarts, resume**: half of a partition is read and committed; the gateway is closed and another',
    '  started at its port, over the same store; the same client goes on with the next record and produces more, and a',
    '  member of another group, which ran all the time, gets it.',
    '- **idempotent producer**: the stored batches have a producer id and sequences without a gap.',
    '',
  ].join('\n');
}
