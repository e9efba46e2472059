import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { clients, type MatrixClient } from '../matrix/clients.js';
import { Cluster } from '../matrix/cluster.js';
import type { Driver } from '../matrix/driver.js';
import { startClient } from './start-client.js';
import type { TakeoverRow } from './tables.js';

// The one place that asserts a time: it is what the protocol promises.

/** As every driver sets them for a member of a group. */
const SESSION_MS = 6000;
const HEARTBEAT_MS = 500;
/** Added to what is promised: processes of this machine wait for a core, and are asked one after another. */
const SCHEDULING_MS = 1000;
const LIMITS_MS = {
  eager: SESSION_MS + 2 * HEARTBEAT_MS + 1000,
  // It rebalances twice.
  cooperative: SESSION_MS + 2 * (2 * HEARTBEAT_MS + 1000),
};
const SETTLE_MS = 30_000;
const POLL_MS = 25;
const TOPIC = 'shared';
const PARTITIONS = [0, 1, 2, 3, 4, 5];

type Assignor = TakeoverRow['assignor'];
const { java, confluentKafka, franzGo, kafkaPython, tools } = clients;
/** The tools are the Java client, and tell what a member has after seconds. */
const eager = Object.values<MatrixClient>(clients).filter(
  (client) => client !== tools && !(client.cannot ?? []).includes('group of two rebalances: a third joins, one dies'),
);
const cooperative = [java, confluentKafka, franzGo, kafkaPython];

describe('a member that is killed: the rest have its partitions in time', () => {
  test.for([
    ...eager.map((client: MatrixClient) => [client.name, 'eager', client] as const),
    ...cooperative.map((client: MatrixClient) => [client.name, 'cooperative', client] as const),
  ])('%s, %s', async ([name, assignor, client], context) => {
    const limitMs = LIMITS_MS[assignor];
    const annotate = (ms: TakeoverRow['ms']): Promise<unknown> => {
      const row: TakeoverRow = { client: name, assignor, limitMs, ms };
      return context.annotate(JSON.stringify(row), 'takeover');
    };
    const cluster = await Cluster.start();
    onTestFinished(() => cluster.close());
    try {
      const ms = await takeOver(context, client, cluster, assignor);
      await annotate(ms <= limitMs + SCHEDULING_MS ? ms : null);
      await context.annotate(`${Math.round(ms)} ms from the kill, at most ${limitMs}`, 'output');
      expect(ms).toBeLessThanOrEqual(limitMs + SCHEDULING_MS);
      expect(cluster.trouble).toEqual([]);
    } catch (error) {
      await annotate(null);
      await context.annotate(cluster.asked.slice(-60).join(', '), 'output');
      throw error;
    }
  });
});

/** Milliseconds from the kill until the rest had all partitions. */
async function takeOver(context: TestContext, client: MatrixClient, cluster: Cluster, assignor: Assignor) {
  await cluster.createTopic(TOPIC, PARTITIONS.length);
  const members = await Promise.all([0, 1, 2].map(() => startClient(context, client, cluster)));
  const joined = { group: 'killed', topic: TOPIC, assignor };
  await Promise.all(members.map((member) => member.do('join', joined)));
  await until(async () => {
    const shares = await sharesOf(members);
    return isWhole(shares) && shares.every(({ length }) => length === PARTITIONS.length / members.length);
  });
  // The first: as a rule it leads the group.
  const [dies, ...rest] = members;
  const from = performance.now();
  await dies!.kill();
  await until(async () => isWhole(await sharesOf(rest)));
  return performance.now() - from;
}

async function sharesOf(members: readonly Driver[]): Promise<(readonly number[])[]> {
  const states = await Promise.all(members.map((member) => member.do('state', {})));
  return states.map(({ partitions }) => partitions);
}

/** Every partition, and none with two owners. */
function isWhole(shares: readonly (readonly number[])[]): boolean {
  const all = shares.flat().sort((one, other) => one - other);
  return all.length === PARTITIONS.length && all.every((partition, index) => partition === PARTITIONS[index]);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + SETTLE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not settled within ${SETTLE_MS} ms`);
    await sleep(POLL_MS);
  }
}
