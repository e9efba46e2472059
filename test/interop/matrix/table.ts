import type { TestCase } from 'vitest/node';

/** What a client did in a scenario. */
export interface Cell {
  readonly client: string;
  readonly version: string;
  readonly scenario: string;
  readonly state: string;
  /** Why the client cannot do it. */
  readonly unsupported: string | undefined;
  /** Why what is behind the gateway cannot do it. */
  readonly lacking?: string | undefined;
  readonly measured: string | undefined;
}

/** What ran now takes the place of what its client did before. */
export function replaced<Row extends { readonly client: string }>(before: readonly Row[], now: readonly Row[]): Row[] {
  const ran = new Set(now.map(({ client }) => client));
  return [...before.filter(({ client }) => !ran.has(client)), ...now];
}

/** What a test annotated itself with. */
export function said(test: TestCase, type: string): string | undefined {
  return test.annotations().find((entry) => entry.type === type)?.message;
}

export function cellOf(test: TestCase): Cell[] {
  const matrix = said(test, 'matrix');
  if (matrix === undefined) return [];
  const place = JSON.parse(matrix) as Pick<Cell, 'client' | 'version' | 'scenario'>;
  const [unsupported, lacking, measured] = ['unsupported', 'lacking', 'measured'].map((type) => said(test, type));
  return [{ ...place, state: test.result().state, unsupported, lacking, measured }];
}

/** A line of a table. */
export const row = (values: readonly string[]): string => `| ${values.join(' | ')} |`;

/** The versions of clients, and what they did: one column for each. */
export function scenarioTable(
  names: readonly string[],
  scenarios: readonly string[],
  cells: readonly Cell[],
): string[] {
  const notes: string[] = [];
  const noteOf = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return `n/a [${notes.indexOf(text) + 1}]`;
  };
  const mark = (name: string, asked: string): string => {
    const cell = cells.find(({ client, scenario }) => client === name && scenario === asked);
    if (cell?.state !== 'passed') return cell?.state === 'failed' ? 'FAILS' : 'not run';
    if (cell.unsupported !== undefined) return noteOf(`${name}: ${cell.unsupported}.`);
    if (cell.lacking !== undefined) return noteOf(`${cell.lacking}.`);
    return cell.measured === undefined ? 'yes' : `yes, ${cell.measured}`;
  };
  const rows = scenarios.map((scenario) => row([scenario, ...names.map((name) => mark(name, scenario))]));
  const byStore = cells.some(({ lacking }) => lacking !== undefined);
  const who = byStore ? 'the client, or Iggy, has' : 'the client has';
  return [
    row(['Client', 'Version']),
    row(['---', '---']),
    ...names.map((name) => row([name, cells.find(({ client }) => client === name)?.version ?? '?'])),
    '',
    `\`yes\`: it does it, and all that was compared is equal. \`n/a\`: ${who} no way to do it, see the note.`,
    '',
    row(['Scenario', ...names]),
    row(['---', ...names.map(() => '---')]),
    ...rows,
    '',
    ...notes.map((note, index) => `${index + 1}. ${note}`),
    '',
  ];
}
