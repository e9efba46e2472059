import { expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../adapters/testing/wire-client.js';
import { startBroker } from 'iggy-gateway-kafka/testing';
import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';
import { type IggyCluster, startCluster } from './support/cluster.js';
import { newStream } from './support/gateway.js';
import { createTopic, produce, produceUntilTaken } from './support/produce.js';
import { readValues } from './support/read-values.js';
import { batchOf } from './support/set-up.js';

const UNKNOWN_SERVER_ERROR = -1;

// A node hashes the password at each try of a login, on the thread that elects: a busy machine elects no leader for minutes.
const isWanted = process.env.IGGY_CLUSTER === 'yes';

async function startGateway(
  cluster: IggyCluster,
): Promise<{ client: WireClient; bootstrap: string; warnings: string[] }> {
  const warnings: string[] = [];
  const { addresses } = cluster;
  const connect: IggyCluster['connect'] = (address) => cluster.connect(address);
  const broker = await startBroker({
    backend: createIggyBackend({ connect, addresses, stream: newStream(), warn: (line) => warnings.push(line) }),
  });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  return { client, bootstrap: broker.bootstrap, warnings };
}

test.runIf(isWanted)(
  'a cluster of three: the gateway goes on when the leader is gone; new topics of a node that came back are refused with the reason',
  async () => {
    const cluster = await startCluster();
    onTestFinished(() => cluster.close());
    const { client, bootstrap, warnings } = await startGateway(cluster);
    await createTopic(client, 'orders');
    await produceUntilTaken(client, 'orders', 0, batchOf('before'));

    // The address that is dialled first is dead from here on.
    const first = await cluster.leader(0, 1, 2);
    await cluster.kill(first);
    await produceUntilTaken(client, 'orders', 0, batchOf('without the leader'));
    expect(await readValues(bootstrap, 'orders', 2)).toEqual(['before', 'without the leader']);
    await vi.waitFor(() => expect(warnings.join('\n')).toMatch(/commands are answered again, by 127\.0\.0\.1:/));

    // It comes back as a follower, and is the primary of the partitions that are made from now on.
    await cluster.start(first);
    const leader = await cluster.leader(...[0, 1, 2].filter((node) => node !== first));
    await createTopic(client, 'payments');
    const refused = produce(client, 'payments', 0, batchOf('refused'));
    // What could be written before goes on meanwhile.
    const other = await WireClient.connect(bootstrap);
    onTestFinished(() => other.close());
    await produceUntilTaken(other, 'orders', 0, batchOf('meanwhile'));
    let answer = await refused;
    // Where the SDK's last repetition was not answered, the outcome is not known at first.
    if (answer.errorCode !== UNKNOWN_SERVER_ERROR) answer = await produce(client, 'payments', 0, batchOf('refused'));
    expect(answer.errorCode).toBe(UNKNOWN_SERVER_ERROR);
    const why = `payments-0 cannot be written: its primary is another node than node-${String(leader)}`;
    expect(answer.errorMessage).toContain(why);
    expect(warnings.filter((warning) => warning.includes(why))).toHaveLength(1);

    // Once that node is gone, its partitions have another primary.
    await cluster.kill(first);
    await vi.waitFor(
      async () => expect(await produce(client, 'payments', 0, batchOf('taken'))).toMatchObject({ errorCode: 0 }),
      { timeout: 90_000 },
    );
    expect(await readValues(bootstrap, 'payments', 1)).toEqual(['taken']);
    expect(warnings.join('\n')).toContain('payments-0 can be written again');
  },
  240_000,
);
