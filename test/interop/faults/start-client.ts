import { onTestFinished, type TestContext } from 'vitest';
import type { MatrixClient } from '../matrix/clients.js';
import type { Cluster } from '../matrix/cluster.js';
import type { Driver } from '../matrix/driver.js';

const inCi = !['', '0', 'false', undefined].includes(process.env['CI']);

/** Starts a client, which ends with the test. The test is left out where the client is not installed, but not in CI. */
export async function startClient(
  context: TestContext,
  client: MatrixClient,
  cluster: Pick<Cluster, 'bootstrap'>,
): Promise<Driver> {
  try {
    const driver = await client.start(cluster.bootstrap);
    onTestFinished(() => driver.kill());
    await context.annotate(`${client.name} ${driver.hello.version}`, 'client');
    return driver;
  } catch (error) {
    const why = `${client.name} does not start: run test/interop/install.sh`;
    if (inCi) throw new Error(why, { cause: error });
    return context.skip(`${why} (${String(error)})`);
  }
}
