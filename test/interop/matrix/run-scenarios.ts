import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { MatrixClient } from './clients.js';
import { storeKind } from './store-kinds.js';
import { Cluster } from './cluster.js';
import { type Driver, UnsupportedError } from './driver.js';
import { scenarios } from './scenarios.js';

const inCi = !['', '0', 'false', undefined].includes(process.env['CI']);

/** Every scenario with one client, which the reporter makes a column of the table of. */
export function runScenarios(client: MatrixClient): void {
  describe(client.name, () => {
    let cluster: Cluster;
    let driver: Driver | null = null;
    let missing: unknown = null;
    let counter = 0;
    const { keepsBatches, cannot: storeCannot, makers } = storeKind();
    const start = async (): Promise<Cluster> => Cluster.start({}, await makers.next());

    beforeAll(async () => {
      cluster = await start();
      try {
        driver = await client.start(cluster.bootstrap);
      } catch (error) {
        missing = error;
      }
    });
    afterAll(async () => {
      await driver?.close();
      await cluster.close();
      await makers.close();
    });

    test.for(scenarios.map((scenario) => [scenario.name, scenario] as const))(
      '%s',
      async ([name, { run }], context) => {
        const version = driver?.hello.version ?? 'not installed';
        await context.annotate(JSON.stringify({ client: client.name, version, scenario: name }), 'matrix');
        await context.annotate(`${client.name} ${version}`, 'client');
        if (driver === null) {
          const why = `${client.name} does not start: run test/interop/install.sh`;
          if (inCi) throw new Error(why, { cause: missing });
          context.skip(`${why} (${String(missing)})`);
          return;
        }
        const others: Driver[] = [];
        onTestFinished(async () => {
          await Promise.all(others.map((other) => other.kill()));
        });
        const another = async (of = cluster): Promise<Driver> => {
          const other = await client.start(of.bootstrap);
          others.push(other);
          return other;
        };
        const asked = cluster.asked.length;
        const topic = `topic-${++counter}`;
        const { stamps = true, picks = true, textual = false, outlives = true, lacks = [], cannot = [] } = client;
        const measured = async (text: string): Promise<void> => {
          await context.annotate(text, 'measured');
        };
        let unsupported = false;
        try {
          const stage = { cluster, driver, another, ownCluster: start, topic, keepsBatches, measured };
          const running = run({ ...stage, stamps, picks, textual, outlives, lacks });
          const why = cannot.includes(name) ? undefined : storeCannot[name];
          if (why !== undefined) {
            await expect(running).rejects.toThrow();
            await context.annotate(why, 'lacking');
          } else {
            await running;
          }
        } catch (error) {
          if (!(error instanceof UnsupportedError)) {
            await context.annotate(cluster.asked.slice(asked).slice(-60).join(', '), 'output');
            throw error;
          }
          unsupported = true;
          await context.annotate(error.message, 'unsupported');
        }
        expect(unsupported).toBe(cannot.includes(name));
        expect(cluster.trouble.splice(0)).toEqual([]);
      },
    );
  });
}
