import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { IggyAddress, IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { loadSdk } from './iggy.js';

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
const credentials = { username: 'iggy', password: 'iggy' };
const reconnect = { enabled: false, interval: 0, maxRetries: 0 };

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
  const children = new Map<number, ChildProcess>();
  const addresses = NODES.map((node): IggyAddress => ({ host: '127.0.0.1', port: portOf(node, 'TCP') }));
  const connect = (options: IggyAddress): IggyClient =>
    new Client({ transport: 'TCP', options, credentials, reconnect });

  async function run(node: number): Promise<void> {
    const cwd = join(folder, String(node));
    await mkdir(cwd, { recursive: true });
    const child = spawn(process.env.IGGY_SERVER_BINARY ?? '', ['--replica-id', String(node)], {
      cwd,
      stdio: 'ignore',
      env: {
        ...process.env,
        IGGY_SYSTEM_PATH: join(cwd, 'data'),
        IGGY_TCP_ADDRESS: `127.0.0.1:${String(portOf(node, 'TCP'))}`,
        IGGY_HTTP_ENABLED: 'false',
        IGGY_QUIC_ENABLED: 'false',
        IGGY_WEBSOCKET_ENABLED: 'false',
        IGGY_SYSTEM_SHARDING_CPU_ALLOCATION: '1',
        IGGY_ROOT_USERNAME: credentials.username,
        IGGY_ROOT_PASSWORD: credentials.password,
        IGGY_CLUSTER_ENABLED: 'true',
        IGGY_CLUSTER_NAME: 'test',
        ...roster,
      },
    });
    children.set(node, child);
  }

  async function kill(node: number): Promise<void> {
    const child = children.get(node);
    children.delete(node);
    child?.kill('SIGKILL');
    if (child !== undefined) await once(child, 'exit');
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
      for (const child of children.values()) child.kill('SIGKILL');
      await Promise.all(Array.from(children.values(), async (child) => child.exitCode ?? (await once(child, 'exit'))));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
