// The benchmark: see README.md beside this file.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { Address } from './ask.js';
import { gatewayIsBuilt } from './child.js';
import { type GrowthResult, growthRows, measureGrowth } from './growth.js';
import { measureRow, type Plan } from './measure.js';
import {
  growthTable,
  rowsTable,
  type RowSummary,
  startupTable,
  type StartupSummary,
  summarizeRow,
  summarizeStartup,
  testingTable,
  waitingTable,
} from './report.js';
import { rows } from './rows.js';
import { measureStartup } from './startup.js';
import { measureTesting, type TestingResult } from './testing.js';
import { measureWaiting, type WaitingResult } from './waiting.js';

const startupKey = 'startup';
const testingKey = 'testing';
const waitingKey = 'waiting';
const keys = [...[...rows, ...growthRows].map((row) => row.key), waitingKey, startupKey, testingKey];

const usage = `npm run bench -- [options]
  --rounds N           rounds per row, each server once in a round (default 5, at most 100)
  --seconds S          seconds per measurement (default 2, at most 60)
  --only NAME          only this row, repeatable: ${keys.join(', ')}
  --against HOST:PORT  a running server to measure as well, repeatable; it needs the topic "bench"
  --json FILE          every figure, also those of the single rounds' spread
  --check              exit code 1 if a row misses its bar
  --self               a second floor in the gateway's place: the ratios must come out as 1`;

interface Settings extends Plan {
  readonly only: readonly string[];
  readonly json: string | undefined;
  readonly check: boolean;
}

class UsageError extends Error {}

function settings(): Settings | 'help' {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      only: { type: 'string', multiple: true, default: [] },
      against: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
      self: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const unknown = values.only.find((name) => !keys.includes(name));
  if (unknown !== undefined) throw new UsageError(`--only ${unknown}: no such row; there are ${keys.join(', ')}`);
  const rounds = within('rounds', values.rounds, 1, 100);
  if (!Number.isInteger(rounds)) throw new UsageError(`--rounds ${values.rounds}: must be a whole number`);
  return {
    rounds,
    seconds: within('seconds', values.seconds, 0.1, 60),
    only: values.only.length > 0 ? values.only : keys,
    against: values.against.map(address),
    json: values.json,
    check: values.check,
    self: values.self,
  };
}

function within(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${option} ${text}: must be a number from ${least} to ${most}`);
}

function address(text: string): Address {
  const match = /^\[?(.+?)\]?:(\d+)$/.exec(text);
  const [host, port] = [match?.[1], Number(match?.[2])];
  if (host === undefined || !(port > 0 && port < 65_536)) throw new UsageError(`--against ${text}: must be host:port`);
  return { host, port };
}

async function bench({ only, json, check, ...plan }: Settings): Promise<boolean> {
  const machine = `Node ${process.version}, ${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} cores`;
  console.log(`${machine}; ${plan.rounds} rounds of ${plan.seconds} s\n`);

  const summaries: RowSummary[] = [];
  for (const row of rows.filter(({ key }) => only.includes(key))) {
    progress(`${row.name}, ${row.connections} x ${row.depth} ...`);
    summaries.push(summarizeRow(await measureRow(row, plan)));
  }
  if (summaries.length > 0) console.log(`${rowsTable(summaries, plan.self ? 'floor again' : 'gateway')}\n`);

  let startup: StartupSummary | undefined;
  if (only.includes(startupKey) && !plan.self) {
    progress('start-up ...');
    startup = summarizeStartup(await measureStartup(plan.rounds * 3));
    console.log(`${startupTable(startup)}\n`);
  }

  const growth: GrowthResult[] = [];
  let waiting: WaitingResult | null = null;
  let testing: TestingResult | undefined;
  if (!plan.self) {
    for (const row of growthRows.filter(({ key }) => only.includes(key))) {
      progress(`${row.name} ...`);
      growth.push(await measureGrowth(row, plan.rounds, plan.seconds));
    }
    if (growth.length > 0) console.log(`${growthTable(growth)}\n`);
    if (only.includes(waitingKey)) {
      progress('waiting fetches ...');
      // A hundredth of a core is seen in some seconds only.
      waiting = await measureWaiting(plan.rounds, plan.seconds * 2);
      if (waiting !== null) console.log(`${waitingTable(waiting)}\n`);
    }
    if (only.includes(testingKey)) {
      progress('brokers for tests ...');
      testing = await measureTesting(plan.rounds * 3);
      console.log(`${testingTable(testing)}\n`);
    }
  }

  const load = os.loadavg().map((average) => average.toFixed(2));
  console.log(`Load average of the machine afterwards: ${load.join(' ')}`);
  if (json !== undefined) {
    const { rounds, seconds, self } = plan;
    const figures = { rows: summaries, startup, growth, waiting, testing };
    writeFileSync(json, `${JSON.stringify({ machine, rounds, seconds, self, ...figures }, replacer, 2)}\n`);
  }
  return !check || [...summaries, ...growth, startup, waiting, testing].every((result) => result?.ok !== false);
}

/** Requests are bytes that say nothing to a reader. */
function replacer(key: string, value: unknown): unknown {
  return key === 'request' ? undefined : value;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}

// Through exit, so that the children end as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  const chosen = settings();
  if (chosen === 'help') console.log(usage);
  else if (!chosen.self && !gatewayIsBuilt())
    throw new UsageError('dist/ has no gateway: npm run build first, or --self');
  else if (!(await bench(chosen))) process.exitCode = 1;
} catch (error) {
  const wrongUse = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  console.error(wrongUse ? `${error.message}\n\n${usage}` : error);
  process.exitCode = 2;
}
