import { type Address, ask } from './ask.js';
import { foreignServer, type Server, startFloor, startGateway, startLoad } from './child.js';
import type { LoadResult } from './load.js';
import type { Row } from './rows.js';
import { answerCorrelationOffset, requestCorrelationOffset } from './wire.js';

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly against: readonly Address[];
  /** A second floor in the gateway's place: its ratio must come out as 1. */
  readonly self: boolean;
}

/** One server's results, one per round, in the order of the rounds. */
export interface ServerResults {
  readonly name: string;
  readonly rounds: readonly LoadResult[];
}

export interface RowResult {
  readonly row: Row;
  /** The bytes of the gateway's answer, which the floor's has as well. */
  readonly answerBytes: number;
  readonly floor: ServerResults;
  readonly gateway: ServerResults;
  readonly others: readonly ServerResults[];
}

/** A closed loop keeps the load or the server at least this busy, unless something else has the cores. */
const leastBusy = 0.85;
const attempts = 3;
const warmUpSeconds = 1;
const rampSeconds = 0.2;

/** Whether load and server both stood still at times: judged by their processor time alone, never by the speed. */
export function disturbed({ loadIdle, serverBusy }: LoadResult): boolean {
  return serverBusy !== undefined && serverBusy < leastBusy && 1 - loadIdle < leastBusy;
}

/** Measures one row. Every process is new, so that a row does not depend on those before it. */
export async function measureRow(row: Row, plan: Plan): Promise<RowResult> {
  const servers: Server[] = [];
  const load = startLoad();
  try {
    const gateway = plan.self
      ? await startFloor(invented(row.request), 'floor again')
      : await startGateway(row.backend);
    servers.push(gateway);
    const answer = await ask(gateway.address, row.request);
    const floor = await startFloor(answer);
    servers.unshift(floor);
    for (const address of plan.against) servers.push(foreignServer(address));

    const { request, connections, depth } = row;
    const run = ({ address, pid: serverPid }: Server, seconds: number): Promise<LoadResult> =>
      load.run({ address, serverPid, request, connections, depth, rampSeconds, seconds });
    const runUndisturbed = async (server: Server): Promise<LoadResult> => {
      let result = await run(server, plan.seconds);
      for (let attempt = 1; disturbed(result) && attempt < attempts; attempt++)
        result = await run(server, plan.seconds);
      return result;
    };

    for (const server of servers) await run(server, warmUpSeconds);
    const results = new Map<Server, LoadResult[]>(servers.map((server) => [server, []]));
    for (let round = 0; round < plan.rounds; round++) {
      // The order turns around every round, so that a machine that warms up or slows down favours nobody.
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        results.get(server)?.push(await runUndisturbed(server));
      }
    }
    const of = (server: Server): ServerResults => ({ name: server.name, rounds: results.get(server) ?? [] });
    return {
      row,
      answerBytes: answer.length,
      floor: of(floor),
      gateway: of(gateway),
      others: servers.slice(2).map(of),
    };
  } finally {
    await Promise.all([load.stop(), ...servers.map((server) => server.stop())]);
  }
}

/** An answer of a plausible length with the right correlation id, for the floor that stands in for the gateway. */
function invented(request: Buffer): Buffer {
  const answer = Buffer.alloc(64);
  answer.writeInt32BE(answer.length - 4);
  answer.writeInt32BE(request.readInt32BE(requestCorrelationOffset), answerCorrelationOffset);
  return answer;
}
