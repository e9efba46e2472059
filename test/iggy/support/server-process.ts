import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export const credentials = { username: 'iggy', password: 'iggy' };

/** As docs/guides/iggy.md has it: the adapter replaces clients that break. */
export const reconnect = { enabled: false, interval: 0, maxRetries: 0 };

export type ServerProcess = ChildProcessByStdio<null, Readable, Readable>;

export interface ServerOptions {
  /** Folder of the process and its data. */
  readonly cwd: string;
  /** TCP port; 0 for any. */
  readonly port: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts the server that `IGGY_SERVER_BINARY` names, with TCP alone. The caller reads its output, so that the server does not
 * stop at a full pipe.
 */
export function spawnServer({ cwd, port, args = [], env = {} }: ServerOptions): ServerProcess {
  return spawn(process.env.IGGY_SERVER_BINARY ?? '', args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      IGGY_SYSTEM_PATH: join(cwd, 'data'),
      IGGY_TCP_ADDRESS: `127.0.0.1:${String(port)}`,
      IGGY_HTTP_ENABLED: 'false',
      IGGY_QUIC_ENABLED: 'false',
      IGGY_WEBSOCKET_ENABLED: 'false',
      IGGY_SYSTEM_SHARDING_CPU_ALLOCATION: '1',
      IGGY_ROOT_USERNAME: credentials.username,
      IGGY_ROOT_PASSWORD: credentials.password,
      ...env,
    },
  });
}

/** Ends a server at once, as a crash does. */
export async function killServer(child: ServerProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
