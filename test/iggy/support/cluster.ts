import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { IggyAddress, IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { loadSdk } from './iggy.js';
import { credentials, killServer, reconnect, type ServerProcess, spawnServer } from './server-process.js';

/** Iggy's server as a cluster on the loopback interface; node 0 leads at first. */
export interface IggyCluster {
  readonly addresses: readonly IggyAddress[];
  connect(address: IggyAddress): IggyClient;
  /** Ends a node at once, as a crash does. */
  kill(node: number): Promise<void>;
  /** Waits until one of these nodes leads. Returns its number. */
  leader(...nodes: readonly number[]): Promise<number>;
  /** Ends all nodes, and their data. */
  close(): Promise<void>;
}

const NODES = [0, 1, 2];

/** Ports that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Starts three of the servers that `IGGY_SERVER_BINARY` names. */
export async function startCluster(): Promise<IggyCluster> {
  const { Client } = await loadSdk();
  const folder = await mkdtemp(join(tmpdir(), 'iggy-cluster-'));
  const kinds = ['TCP', 'TCP_REPLICA', 'HTTP', 'QUIC', 'WEBSOCKET'];
  const ports = await freePorts(NODES.length * kinds.length);
  const portOf = (node: number, kind: string): number => ports[node * kinds.length + kinds.indexOf(kind)]!;
  const roster = Object.fromEntries(
    NODES.flatMap((node) => {
      const prefix = `IGGY_CLUSTER_NODES_${String(node)}_`;
      const who = { NAME: `node-${String(node)}`, IP: '127.0.0.1', REPLICA_ID: String(node) };
      const where = kinds.map((kind) => [`PORTS_${kind}`, String(portOf(node, kind))]);
      return [...Object.entries(who), ...where].map(([key, value]) => [`${prefix}${String(key)}`, String(value)]);
    }),
  );
  const children = new Map<number, ServerProcess>();
  const addresses = NODES.map((node): IggyAddress => ({ host: '127.0.0.1', port: portOf(node, 'TCP') }));
  const connect = (options: IggyAddress): IggyClient =>
    new Client({ transport: 'TCP', options, credentials, reconnect });

  async function run(node: number): Promise<void> {
    const cwd = join(folder, String(node));
    await mkdir(cwd, { recursive: true });
    const child = spawnServer({
      cwd,
      port: portOf(node, 'TCP'),
      args: ['--replica-id', String(node)],
      env: { IGGY_CLUSTER_ENABLED: 'true', IGGY_CLUSTER_NAME: 'test', ...roster },
    });
    child.stdout.resume();
    child.stderr.resume();
    children.set(node, child);
  }

  async function kill(node: number): Promise<void> {
    const child = children.get(node);
    children.delete(node);
    if (child !== undefined) await killServer(child);
  }

  /** What one of the nodes says of all. */
  async function nodesSeen(): Promise<readonly { readonly role: string; readonly status: string }[]> {
    for (const node of children.keys()) {
      const client = connect(addresses[node]!);
      try {
        return (await client.cluster?.getClusterMetadata())?.nodes ?? [];
      } catch {
        // It is not up yet.
      } finally {
        await client.destroy();
      }
    }
    return [];
  }

  async function until<T>(look: (nodes: Awaited<ReturnType<typeof nodesSeen>>) => T | undefined): Promise<T> {
    for (;;) {
      const found = look(await nodesSeen());
      if (found !== undefined) return found;
      for (const [node, { exitCode }] of children) {
        if (exitCode !== null) throw new Error(`node ${String(node)} of the cluster has ended`);
      }
      await delay(50);
    }
  }

  const leader = (...nodes: readonly number[]): Promise<number> =>
    until((seen) =>
      nodes.find((node) => seen[node]?.role === 'Leader' && seen[node].status === 'Healthy' && children.has(node)),
    );

  await Promise.all(NODES.map(run));
  await leader(...NODES);
  return {
    addresses,
    connect,
    leader,
    kill,
    async close() {
      await Promise.all(Array.from(children.values(), killServer));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
