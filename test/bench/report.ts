import type { GrowthResult } from './growth.js';
import { disturbed, type RowResult, type ServerResults } from './measure.js';
import { startupBarMs, type StartupResult } from './startup.js';
import { type Spread, spread } from './statistics.js';
import type { TestingResult } from './testing.js';
import type { WaitingResult } from './waiting.js';

/** Below this share of idle time the load may have been what was measured. */
const leastLoadIdle = 0.05;

/** Medians over the rounds of the floor and over those of the gateway; undefined where it cannot be seen. */
export interface Pair {
  readonly floor: number | undefined;
  readonly gateway: number | undefined;
}

export interface RowSummary {
  readonly name: string;
  readonly connections: number;
  readonly depth: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly floor: Spread;
  readonly gateway: Spread;
  readonly ratio: Spread;
  readonly bar: number;
  readonly ok: boolean;
  /** The load's share of idle time. */
  readonly loadIdle: Pair;
  /** Processor time of the load per request, in microseconds. */
  readonly loadMicros: Pair;
  /** Processor time of the servers over wall time. */
  readonly serverBusy: Pair;
  /** Processor time of the servers per request, in microseconds. */
  readonly serverMicros: Pair;
  readonly loadBound: boolean;
  /** Single measurements that other processes disturbed, each after several attempts; and all measurements. */
  readonly disturbed: number;
  readonly measurements: number;
  readonly others: readonly { readonly name: string; readonly requestsPerSecond: Spread; readonly ratio: Spread }[];
}

export interface StartupSummary {
  readonly empty: Spread;
  readonly gateway: Spread;
  readonly difference: number;
  readonly bar: number;
  readonly ok: boolean;
}

export function summarizeRow({ row, answerBytes, floor, gateway, others }: RowResult): RowSummary {
  const ratio = ratioTo(floor, gateway);
  const pair = (figure: Figure): Pair => ({ floor: median(floor, figure), gateway: median(gateway, figure) });
  const loadIdle = pair('loadIdle');
  const measurements = [...floor.rounds, ...gateway.rounds];
  const loadBound = Math.min(loadIdle.floor ?? 0, loadIdle.gateway ?? 0) < leastLoadIdle;
  return {
    name: row.name,
    connections: row.connections,
    depth: row.depth,
    requestBytes: row.request.length,
    answerBytes,
    floor: speed(floor),
    gateway: speed(gateway),
    ratio,
    bar: row.bar,
    ok: ratio.median >= row.bar,
    loadIdle,
    loadMicros: pair('loadMicros'),
    serverBusy: pair('serverBusy'),
    serverMicros: pair('serverMicros'),
    loadBound,
    disturbed: measurements.filter(disturbed).length,
    measurements: measurements.length,
    others: others.map((other) => ({
      name: other.name,
      requestsPerSecond: speed(other),
      ratio: ratioTo(floor, other),
    })),
  };
}

export function summarizeStartup({ empty, gateway }: StartupResult): StartupSummary {
  const [emptyMs, gatewayMs] = [spread(empty), spread(gateway)];
  const difference = gatewayMs.median - emptyMs.median;
  return { empty: emptyMs, gateway: gatewayMs, difference, bar: startupBarMs, ok: difference <= startupBarMs };
}

export function rowsTable(summaries: readonly RowSummary[], gatewayName: string): string {
  const others = summaries[0]?.others.map((other) => other.name) ?? [];
  const heading = ['row', 'in flight', 'floor req/s', `${gatewayName} req/s`, 'ratio (min..max)', 'bar', ''];
  heading.push('load idle', 'server busy', 'server us/req', ...others.map((name) => `${name} req/s, ratio (min..max)`));
  const lines = summaries.map((row) => [
    row.name,
    `${row.connections} x ${row.depth}`,
    count(row.floor.median),
    count(row.gateway.median),
    ratioText(row.ratio),
    row.bar.toFixed(2),
    verdict(row),
    pairText(row.loadIdle, percent),
    pairText(row.serverBusy, percent),
    pairText(row.serverMicros, (micros) => micros.toFixed(2)),
    ...row.others.map((other) => `${count(other.requestsPerSecond.median)}, ${ratioText(other.ratio)}`),
  ]);
  const notes = [
    'Medians over the rounds; pairs are floor / gateway.',
    ...(summaries.some((row) => row.loadBound)
      ? ['load-bound: the load had under 5 % idle, so it may have been the load that was measured, not the servers.']
      : []),
    ...(summaries.some((row) => row.disturbed > 0)
      ? ['disturbed: in so many measurements neither load nor server was busy: others had the cores. Measure again.']
      : []),
  ];
  return [table([heading, ...lines]), ...notes].join('\n');
}

function verdict({ ok, loadBound, disturbed: count, measurements }: RowSummary): string {
  const words = [ok ? 'ok' : 'BELOW'];
  if (loadBound) words.push('load-bound');
  if (count > 0) words.push(`disturbed ${count}/${measurements}`);
  return words.join(', ');
}

export function startupTable(startup: StartupSummary): string {
  const heading = ['start-up', 'empty node', 'gateway to first answer', 'difference', 'bar', ''];
  const difference = `${startup.difference.toFixed(0)} ms`;
  const line = [
    'ms',
    millis(startup.empty),
    millis(startup.gateway),
    difference,
    `${startup.bar} ms`,
    startup.ok ? 'ok' : 'BELOW',
  ];
  return table([heading, line]);
}

export function growthTable(results: readonly GrowthResult[]): string {
  const heading = ['as work grows', 'few, us', 'many, us', 'many / few (min..max)', 'bar', ''];
  const lines = results.map(({ row, few, many, factor, ok }) => [
    row.name,
    few.median.toFixed(2),
    many.median.toFixed(2),
    ratioText(factor),
    row.bar.toFixed(2),
    ok ? 'ok' : 'ABOVE',
  ]);
  return table([heading, ...lines]);
}

export function waitingTable({ name, idle, waiting, difference, bar, ok }: WaitingResult): string {
  const share = (value: number): string => `${(value * 100).toFixed(2)} %`;
  const heading = ['of a core', 'idle', 'waiting', 'difference', 'bar', ''];
  const line = [name, share(idle.median), share(waiting.median), share(difference), share(bar), ok ? 'ok' : 'ABOVE'];
  return table([heading, line]);
}

export function testingTable({ answer, group, bar, ok }: TestingResult): string {
  const heading = ['broker for tests', 'ms (min..max)', 'bar', ''];
  return table([
    heading,
    ['to its first answer', millis(answer), `${bar} ms`, ok ? 'ok' : 'ABOVE'],
    ['a consumer to its partitions', millis(group), '', ''],
  ]);
}

/** Round by round, for what slows the machine down for a while slows down both. */
function ratioTo(floor: ServerResults, server: ServerResults): Spread {
  return spread(
    server.rounds.map((round, index) => round.requestsPerSecond / (floor.rounds[index]?.requestsPerSecond ?? 0)),
  );
}

function speed(server: ServerResults): Spread {
  return spread(server.rounds.map((round) => round.requestsPerSecond));
}

type Figure = 'loadIdle' | 'loadMicros' | 'serverBusy' | 'serverMicros';

function median(server: ServerResults, figure: Figure): number | undefined {
  const values = server.rounds.map((round) => round[figure]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : spread(values).median;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function ratioText({ median: middle, min, max }: Spread): string {
  return `${middle.toFixed(2)} (${min.toFixed(2)}..${max.toFixed(2)})`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function pairText({ floor, gateway }: Pair, text: (value: number) => string): string {
  return [floor, gateway].map((value) => (value === undefined ? '?' : text(value))).join(' / ');
}

function millis({ median: middle, min, max }: Spread): string {
  return `${middle.toFixed(0)} (${min.toFixed(0)}..${max.toFixed(0)})`;
}

/** Aligned columns: figures to the right, the first column to the left. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
