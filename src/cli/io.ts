import type { Writable } from 'node:stream';
import { COMMAND } from './errors.js';

/** What asks a command that runs on to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** What a command has of its process, so that it runs within another one as well. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that the command was called in. */
  readonly cwd: string;
  /** Writes to the standard output, as it stands. */
  out(text: string): void;
  /** Writes to the standard error output, as it stands. */
  err(text: string): void;
  /** Calls back for each signal; returns what ends that. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** The parts of Node's `process` that the command uses. */
export interface Host {
  readonly env: Io['env'];
  cwd(): string;
  readonly stdout: Writable;
  readonly stderr: Writable;
  exitCode?: number | string | null | undefined;
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  exit(code: number): void;
}

export function processIo(host: Host): Io {
  // Without a listener, a reader that goes away (`| head -1`) would end us by a throw.
  host.stderr.on('error', () => undefined);
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    host.stderr.write(`${COMMAND}: the output is incomplete: ${error.message}\n`);
    host.exitCode = 1;
  });
  return {
    env: host.env,
    cwd: host.cwd(),
    out: (text) => void host.stdout.write(text),
    err: (text) => void host.stderr.write(text),
    onSignal: (listener) => {
      for (const signal of STOP_SIGNALS) host.on(signal, listener);
      return () => {
        for (const signal of STOP_SIGNALS) host.off(signal, listener);
      };
    },
    exit: (code) => host.exit(code),
  };
}
