import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Address, askWhenUp, freePort } from './ask.js';
import type { LoadJob, LoadReply, LoadResult } from './load.js';
import { apiVersionsRequest } from './rows.js';

/** A server under measurement. */
export interface Server {
  readonly name: string;
  readonly address: Address;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** The process that makes the load. */
export interface Load {
  run(job: LoadJob): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** What a memory broker has beside the topic of the rows. */
export interface MemorySetup {
  /** How many topics there are, with that one. Default: 1. */
  readonly topics?: number;
  /** A topic of many partitions, with a batch in each if it is filled. */
  readonly wide?: {
    readonly name: string;
    readonly partitions: number;
    readonly batchBytes: number;
    readonly filled: boolean;
  };
}

const host = '127.0.0.1';
/** The flags for Node.js that `npm start` has. */
const START_FLAGS = ['--initial-old-space-size=256'];
const gatewayMain = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export function gatewayIsBuilt(): boolean {
  return existsSync(gatewayMain);
}

/** Starts the command without waiting for anything. */
export function spawnGateway(port: number): ChildProcess {
  const args = [gatewayMain, 'serve', '--backend', 'stub', '--bind', `${host}:${port}`];
  return keep(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
}

/** The gateway: the command with the stub, or the broker over a memory store. */
export async function startGateway(backend: 'stub' | 'memory', setup: MemorySetup = {}): Promise<Server> {
  if (backend === 'memory') {
    const broker = forkScript('memory-server.ts', [JSON.stringify(setup)], START_FLAGS);
    const port = await Promise.race([message<number>(broker), failsOnExit(broker, 'the broker')]);
    return { name: 'gateway', address: { host, port }, pid: broker.pid, stop: () => stop(broker) };
  }
  const address = { host, port: await freePort() };
  const child = spawnGateway(address.port);
  await askWhenUp(child, address, apiVersionsRequest);
  return { name: 'gateway', address, pid: child.pid, stop: () => stop(child) };
}

/** A bare server that answers every frame with these bytes. */
export async function startFloor(answer: Buffer, name = 'floor'): Promise<Server> {
  const child = forkScript('floor.ts');
  child.send(answer);
  const port = await Promise.race([message<number>(child), failsOnExit(child, 'the floor')]);
  return { name, address: { host, port }, pid: child.pid, stop: () => stop(child) };
}

export function startLoad(): Load {
  const child = forkScript('load.ts');
  const ended = failsOnExit(child, 'the load');
  ended.catch(() => {}); // no error unless a job is under way
  return {
    async run(job) {
      const timeoutMs = (job.rampSeconds + job.seconds) * 1000 + 20_000;
      const reply = message<LoadReply>(child, AbortSignal.timeout(timeoutMs));
      child.send(job);
      const answer = await Promise.race([reply, ended]);
      if ('error' in answer) throw new Error(`load on ${job.address.host}:${job.address.port}: ${answer.error}`);
      return answer.result;
    },
    stop: () => stop(child),
  };
}

/** A server that someone else runs. */
export function foreignServer(address: Address): Server {
  return { name: `${address.host}:${address.port}`, address, pid: undefined, stop: async () => {} };
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Runs a script to the one message that it sends. */
export async function runScript<T>(file: string, args: readonly string[]): Promise<T> {
  const child = forkScript(file, args);
  try {
    return await Promise.race([message<T>(child), failsOnExit(child, file)]);
  } finally {
    await stop(child);
  }
}

function forkScript(file: string, args: readonly string[] = [], flags: readonly string[] = []): ChildProcess {
  // tsx only compiles the script when it is loaded: what runs hot is plain Node.
  const execArgv = [...flags, `--import=${import.meta.resolve('tsx')}`];
  return keep(fork(new URL(file, import.meta.url), args, { execArgv, serialization: 'advanced' }));
}

function keep(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function message<T>(child: ChildProcess, signal?: AbortSignal): Promise<T> {
  const [value] = (await once(child, 'message', signal === undefined ? {} : { signal })) as [T];
  return value;
}

async function failsOnExit(child: ChildProcess, what: string): Promise<never> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  throw new Error(`${what} ended (${signal ?? `exit code ${code}`})`);
}
