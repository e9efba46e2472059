import { spawn } from 'node:child_process';

/** What a client process left behind. */
export interface ClientRun {
  /** The command line, as one could type it. */
  readonly command: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Standard input; without it, it is empty. */
  readonly input?: string;
  /** The process is killed after this time. Default: 60000. */
  readonly limitMs?: number;
  /** The process is killed when it prints more. Default: 4 MiB, far above what clients say of themselves. */
  readonly maxOutputBytes?: number;
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Runs a client to its end. Rejects when it cannot be started, prints without end or takes longer than its limit. */
export function runClient(
  program: string,
  args: readonly string[],
  { input = '', limitMs = 60_000, maxOutputBytes = MAX_OUTPUT_BYTES }: RunOptions = {},
): Promise<ClientRun> {
  const command = [program, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1' } });
    const output = { stdout: '', stderr: '' };
    let failure: string | null = null;
    const giveUp = (why: string): void => {
      failure ??= why;
      child.kill('SIGKILL');
    };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        if (output[name].length > maxOutputBytes) giveUp('printed without end');
      });
    }
    const timer = setTimeout(() => {
      giveUp(`did not end within ${limitMs} ms`);
    }, limitMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      if (failure === null) resolve({ command, exitCode, ...output });
      else reject(new Error(`${command} ${failure}\n${output.stdout.slice(-4096)}\n${output.stderr.slice(-4096)}`));
    });
    // A client that ends early closes its input: that is told by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
