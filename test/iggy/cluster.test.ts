import { expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../adapters/testing/wire-client.js';
import { startBroker, type TestBroker } from 'iggy-gateway-kafka/testing';
import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';
import { type IggyCluster, startCluster } from './support/cluster.js';
import { newStream } from './support/gateway.js';
import { createTopic, produce, produceUntilTaken } from './support/produce.js';
import { readValues } from './support/read-values.js';
import { batchOf } from './support/set-up.js';

const UNKNOWN_SERVER_ERROR = -1;

// A node hashes the password at each try of a login, on the thread that elects: a busy machine elects no leader for minutes.
const isWanted = process.env.IGGY_CLUSTER === 'yes';

async function startGateway(cluster: IggyCluster, stream: string): Promise<TestBroker & { warnings: string[] }> {
  const warnings: string[] = [];
  const { addresses } = cluster;
  const connect: IggyCluster['connect'] = (address) => cluster.connect(address);
  const warn = (line: string): unknown => warnings.push(line);
  const broker = await startBroker({
    backend: createIggyBackend({ connect, addresses, stream, connectTimeoutMs: 30_000, warn }),
  });
  return Object.assign(broker, { warnings });
}

/** Sends a batch on connections of its own, again while there is no answer in time, until one is final. */
async function finalAnswer(
  bootstrap: string,
  topic: string,
  value: string,
): Promise<Awaited<ReturnType<typeof produce>>> {
  for (;;) {
    const client = await WireClient.connect(bootstrap);
    const answer = await produce(client, topic, 0, batchOf(value)).catch(() => null);
    await client.close();
    if (answer !== null && [0, UNKNOWN_SERVER_ERROR].includes(answer.errorCode)) return answer;
  }
}

test.runIf(isWanted)(
  'a cluster of three: topics from before a change of the leader go on, new ones are refused with the reason',
  async () => {
    const cluster = await startCluster();
    onTestFinished(() => cluster.close());
    const stream = newStream();
    const before = await startGateway(cluster, stream);
    const first = await WireClient.connect(before.bootstrap);
    await createTopic(first, 'orders');
    await produceUntilTaken(first, 'orders', 0, batchOf('before'));
    await first.close();
    await before.close();

    const killed = await cluster.leader(0, 1, 2);
    const leader = await cluster.replaceLeader(killed);
    // The address that is dialled first is dead.
    const gateway = await startGateway(cluster, stream);
    const client = await WireClient.connect(gateway.bootstrap);
    const other = await WireClient.connect(gateway.bootstrap);
    onTestFinished(async () => {
      await client.close();
      await other.close();
      await gateway.close();
    });
    const { warnings } = gateway;
    await produceUntilTaken(client, 'orders', 0, batchOf('without the leader'));
    expect(await readValues(gateway.bootstrap, 'orders', 2)).toEqual(['before', 'without the leader']);
    expect(warnings.join('\n')).toMatch(/commands are answered again, by 127\.0\.0\.1:/);

    // It comes back as a follower, and is the primary of the partitions that are made from now on.
    await cluster.start(killed);
    await createTopic(client, 'payments');
    const refused = finalAnswer(gateway.bootstrap, 'payments', 'refused');
    // What could be written before goes on meanwhile.
    await produceUntilTaken(other, 'orders', 0, batchOf('meanwhile'));
    const answer = await refused;
    const why = `payments-0 cannot be written: its primary is another node than node-${String(leader)}`;
    expect(answer).toMatchObject({ errorCode: UNKNOWN_SERVER_ERROR, errorMessage: expect.stringContaining(why) });
    expect(warnings.filter((warning) => warning.includes(why))).toHaveLength(1);

    // Once that node is gone, its partitions have another primary.
    await cluster.kill(killed);
    await vi.waitFor(
      async () => expect(await finalAnswer(gateway.bootstrap, 'payments', 'taken')).toMatchObject({ errorCode: 0 }),
      { timeout: 90_000 },
    );
    expect(await readValues(gateway.bootstrap, 'payments', 1)).toEqual(['taken']);
    expect(warnings.join('\n')).toContain('payments-0 can be written again');
  },
  240_000,
);
