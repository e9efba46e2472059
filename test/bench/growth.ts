import { type MemorySetup, startGateway, startLoad } from './child.js';
import { fetchRequest, listOffsetsRequest, produceRequest, topic } from './rows.js';
import { type Spread, spread } from './statistics.js';

/** What the same work costs when there is little of it, and when there is much. */
export interface GrowthRow {
  readonly name: string;
  /** What `--only` knows it by. */
  readonly key: string;
  readonly few: GrowthSide;
  readonly many: GrowthSide;
  /** The most that the median of many / few may be. */
  readonly bar: number;
}

interface GrowthSide {
  readonly request: Buffer;
  /** Into how many parts the time of a request is divided. */
  readonly parts: number;
  readonly setup: MemorySetup;
}

export interface GrowthResult {
  readonly row: GrowthRow;
  /** Processor time of the server for each part, in microseconds; without it, time. */
  readonly few: Spread;
  readonly many: Spread;
  readonly factor: Spread;
  readonly ok: boolean;
}

const batchBytes = 100;
const name = 'wide';
/** The bar is about these two; both requests go to a topic of the same size. */
const partitions = { few: 10, many: 1000 };

function perPartition(request: (asked: { name: string; count: number }) => Buffer, filled: boolean) {
  const setup: MemorySetup = { wide: { name, partitions: partitions.many, batchBytes, filled } };
  const side = (count: number): GrowthSide => ({ request: request({ name, count }), parts: count, setup });
  return { few: side(partitions.few), many: side(partitions.many), bar: 1.5 };
}

function perTopic(topics: number): GrowthSide {
  return { request: produceRequest(1024, { name: topic, count: 1 }), parts: 1, setup: { topics } };
}

export const growthRows: readonly GrowthRow[] = [
  {
    name: 'Produce, per partition: 10 and 1,000',
    key: 'grow-produce',
    ...perPartition((asked) => produceRequest(batchBytes, asked), false),
  },
  { name: 'Fetch, per partition: 10 and 1,000', key: 'grow-fetch', ...perPartition(fetchRequest, true) },
  { name: 'ListOffsets, per partition: 10 and 1,000', key: 'grow-list', ...perPartition(listOffsetsRequest, true) },
  { name: 'Produce: 10 and 10,000 topics', key: 'grow-topics', few: perTopic(10), many: perTopic(10_000), bar: 1.2 },
];

const warmUpSeconds = 1;
const rampSeconds = 0.2;
const MAX_SECONDS = 2;
const flight = { connections: 4, depth: 2 };

/**
 * Both sides take turns. Each time with a new broker, for little of what is produced here is ever dropped: the least that
 * a partition keeps is a segment.
 */
export async function measureGrowth(row: GrowthRow, rounds: number, seconds: number): Promise<GrowthResult> {
  const load = startLoad();
  try {
    const micros = async ({ request, parts, setup }: GrowthSide): Promise<number> => {
      const server = await startGateway('memory', setup);
      try {
        const job = { address: server.address, serverPid: server.pid, request, ...flight, rampSeconds };
        await load.run({ ...job, seconds: warmUpSeconds });
        const result = await load.run({ ...job, seconds: Math.min(seconds, MAX_SECONDS) });
        return (result.serverMicros ?? 1e6 / result.requestsPerSecond) / parts;
      } finally {
        await server.stop();
      }
    };
    const few: number[] = [];
    const many: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const inTurn = [async () => few.push(await micros(row.few)), async () => many.push(await micros(row.many))];
      // The order turns around every round, so that a machine that warms up or slows down favours nobody.
      for (const measure of round % 2 === 0 ? inTurn : inTurn.reverse()) await measure();
    }
    const factor = spread(many.map((value, round) => value / few[round]!));
    return { row, few: spread(few), many: spread(many), factor, ok: factor.median <= row.bar };
  } finally {
    await load.stop();
  }
}
