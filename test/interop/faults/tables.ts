import type { Share } from './cuts.js';

/** What one client did while connections were cut. */
export interface CutRow {
  readonly client: string;
  /** Null: not what it should. */
  readonly result: null | {
    readonly idempotent: boolean;
    readonly records: number;
    readonly produce: Share;
    readonly fetch: Share;
    /** Records that are stored once more than they were sent. */
    readonly twice: number;
  };
}

/** What the members of a group did after one of them was killed. */
export interface TakeoverRow {
  readonly client: string;
  readonly assignor: 'eager' | 'cooperative';
  readonly limitMs: number;
  /** From the kill until the rest had all partitions; null: later than the limit, or never. */
  readonly ms: number | null;
}

/** The part of the page about connections that are cut. */
export function cutSection(clients: readonly string[], rows: readonly CutRow[]): string[] {
  const records = rows.find(({ result }) => result !== null)?.result?.records ?? 0;
  return [
    '## Connections that are cut',
    '',
    `${count(records)} records go through each client into four partitions and back, while connections are cut at random`,
    'once the broker has appended and before it answers, and when it has an answer to Fetch. Clients are idempotent where they',
    'can be, with their usual number of requests in flight; the others have one, and store a batch again whose answer they',
    'did not get. Every record is there, in each partition in the order in which it was sent, and consumers get what is',
    'stored, each record once.',
    '',
    line(['Client', 'Idempotent', 'Produce answers cut', 'Fetch answers cut', 'Records stored twice']),
    line(['---', '---', '---', '---', '---']),
    ...inOrder(clients, rows).map(({ client, result }) => {
      if (result === null) return line([client, 'FAILS', '', '', '']);
      const { idempotent, produce, fetch, twice } = result;
      return line([client, idempotent ? 'yes' : 'no', share(produce), share(fetch), count(twice)]);
    }),
    '',
  ];
}

/** The part of the page about members that are killed. */
export function takeoverSection(clients: readonly string[], rows: readonly TakeoverRow[]): string[] {
  return [
    '## Members that are killed',
    '',
    'Three members of a group share six partitions, one is killed without goodbye, and the other two have all partitions: after',
    'the session timeout (6 s), and what telling them takes, which is two heartbeat intervals (500 ms each) and 1 s, twice for',
    'cooperative assignors.',
    '',
    line(['Client', 'Assignor', 'All partitions after', 'At most']),
    line(['---', '---', '---', '---']),
    ...inOrder(clients, rows).map(({ client, assignor, ms, limitMs }) => {
      return line([client, assignor, ms === null ? 'FAILS' : seconds(ms), seconds(limitMs)]);
    }),
    '',
  ];
}

function inOrder<Row extends { readonly client: string }>(clients: readonly string[], rows: readonly Row[]): Row[] {
  return clients.flatMap((name) => rows.filter(({ client }) => client === name));
}

const count = (number: number): string => number.toLocaleString('en-US');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const share = ({ cut, of }: Share): string => `${count(cut)} of ${count(of)}`;
const line = (values: readonly string[]): string => `| ${values.join(' | ')} |`;
