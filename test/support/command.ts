// Stands in for the process around the command: a signal to the real one would end the test run, and its output is
// the test runner's. What is served and sent goes over real sockets.
import { onTestFinished, vi } from 'vitest';
import type { StopSignal } from '../../src/cli/io.js';
import { run } from '../../src/cli/run.js';

export type Env = Readonly<Record<string, string>>;

/** A command that runs. */
export interface Running {
  /** What it has written so far. */
  readonly out: string;
  readonly err: string;
  /** The codes with which it would have ended the process at once. */
  readonly exits: readonly number[];
  /** Settles with its exit code. */
  readonly code: Promise<number>;
  signal(signal: StopSignal): void;
}

/** A command that has ended. */
export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts the command in this process; what still runs at the end of the test is stopped. */
export function startCommand(args: readonly string[], env: Env = {}, cwd: string = process.cwd()): Running {
  let out = '';
  let err = '';
  const exits: number[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const code = run(args, {
    env,
    cwd,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exit: (exitCode) => {
      exits.push(exitCode);
    },
  });
  const signal = (name: StopSignal): void => {
    for (const listener of [...listeners]) listener(name);
  };
  onTestFinished(async () => {
    signal('SIGTERM');
    await code.catch(() => undefined);
  });
  return {
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    exits,
    code,
    signal,
  };
}

/** Runs the command to its end. */
export async function runCommand(args: readonly string[], env: Env = {}, cwd?: string): Promise<Finished> {
  const running = startCommand(args, env, cwd);
  const code = await running.code;
  return { code, out: running.out, err: running.err };
}

/** A gateway that the command serves on 127.0.0.1. */
export interface Served {
  readonly command: Running;
  /** `127.0.0.1:port`, as it was printed. */
  readonly address: string;
  readonly port: number;
}

export async function serveCommand(args: readonly string[] = [], env: Env = {}, cwd?: string): Promise<Served> {
  const command = startCommand(['serve', '--bind', '127.0.0.1:0', '--drain-timeout-secs', '0.5', ...args], env, cwd);
  const [address, port] = await vi.waitFor(
    () => {
      const [, host, digits] = /listening on (127\.0\.0\.1:(\d+))/.exec(command.out) ?? [];
      if (host === undefined) throw new Error(`not listening: ${command.err}`);
      return [host, Number(digits)] as const;
    },
    { timeout: 15_000 }, // the first one loads its backend
  );
  return { command, address, port };
}
