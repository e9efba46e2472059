import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { credentials, killServer, reconnect, type ServerProcess, spawnServer } from './server-process.js';

/** What of the SDK's module is used. */
interface Sdk {
  readonly Client: new (config: object) => IggyClient;
}

/** The SDK that `IGGY_SDK` names: the folder of its package, built. */
export async function loadSdk(): Promise<Sdk> {
  const folder = process.env.IGGY_SDK ?? '';
  return (await import(pathToFileURL(join(folder, 'dist/index.js')).href)) as Sdk;
}

/** A server of its own, with data of its own. */
export interface IggyServer {
  readonly port: number;
  /** A new client, with the right credentials where nothing else is said. */
  connect(config?: object): IggyClient;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
  /** Stops it as it is: connections stay, nothing is answered, until it goes on. */
  pause(): Promise<void>;
  goOn(): void;
  /** Starts it again over its data, at the same port. */
  restart(): Promise<void>;
  /** What it has written to its log. */
  log(): string;
  /** Ends it, and its data. */
  close(): Promise<void>;
}

/** Starts the server that `IGGY_SERVER_BINARY` names. */
export async function startIggy(env: Readonly<Record<string, string>> = {}): Promise<IggyServer> {
  const sdk = await loadSdk();
  const folder = await mkdtemp(join(tmpdir(), 'iggy-test-'));
  let output = '';
  let child: ServerProcess | null = null;
  let port = 0;

  async function start(): Promise<void> {
    const marker = join(folder, 'data/runtime/current_config.toml');
    await rm(marker, { force: true });
    const started = spawnServer({ cwd: folder, port, env });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    for (;;) {
      if (started.exitCode !== null) throw new Error(`Iggy's server has ended:\n${output.slice(-4000)}`);
      const config = await readFile(marker, 'utf8').catch(() => '');
      const found = /^\[tcp\][^[]*?^address = "127\.0\.0\.1:(\d+)"/ms.exec(config);
      if (found !== null) {
        port = Number(found[1]);
        return;
      }
      await delay(20);
    }
  }

  async function kill(): Promise<void> {
    const running = child;
    child = null;
    if (running !== null) await killServer(running);
  }

  await start();
  return {
    get port() {
      return port;
    },
    connect: (config = {}) =>
      new sdk.Client({ transport: 'TCP', options: { host: '127.0.0.1', port }, credentials, reconnect, ...config }),
    kill,
    async pause() {
      child?.kill('SIGSTOP');
      await stopped(child?.pid);
    },
    goOn: () => child?.kill('SIGCONT'),
    restart: start,
    log: () => output,
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Settles once no thread of a process runs any more: a signal that was sent has not done its work yet. */
async function stopped(pid: number | undefined): Promise<void> {
  const tasks = `/proc/${String(pid)}/task`;
  for (;;) {
    const states = await Promise.all(
      (await readdir(tasks)).map(async (task) => {
        const stat = await readFile(join(tasks, task, 'stat'), 'utf8');
        // Behind the name, which may have anything in it.
        return stat.charAt(stat.lastIndexOf(')') + 2);
      }),
    );
    if (states.every((state) => state === 'T')) return;
    await delay(1);
  }
}
