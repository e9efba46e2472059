import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Answer, Commands, Hello } from './driver-protocol.js';

/** The client has no way to do what a scenario asks. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** Something that carries out commands: a process of the client's own language, or a wrapper of command lines. */
export interface Driver {
  readonly hello: Hello;
  do<Op extends keyof Commands>(op: Op, input: Commands[Op][0]): Promise<Commands[Op][1]>;
  /** Ends it at once, without goodbye. */
  kill(): Promise<void>;
  /** Ends it once it has done what it was told. */
  close(): Promise<void>;
}

const ANSWER_MS = 90_000;
const KEPT_STDERR = 8192;

/** Starts a client's program and waits for its greeting. */
export async function startDriver(program: string, args: readonly string[]): Promise<Driver> {
  const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1' } });
  const driver = new ProcessDriver(child);
  try {
    return await driver.start();
  } catch (error) {
    await driver.kill();
    throw error;
  }
}

class ProcessDriver implements Driver {
  hello: Hello = { version: '?' };
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #stderr = '';
  readonly #lines: string[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdin?.on('error', () => undefined);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      // Some clients print to standard output by themselves.
      if (!line.startsWith('{')) return;
      this.#lines.push(line);
      this.#wake();
    });
    this.#closed = new Promise((resolve) => {
      const end = (): void => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      };
      child.once('error', (error) => {
        this.#stderr += String(error);
        end();
      });
      child.once('close', end);
    });
  }

  async start(): Promise<this> {
    this.hello = JSON.parse(await this.#line('its greeting')) as Hello;
    return this;
  }

  async do<Op extends keyof Commands>(op: Op, input: Commands[Op][0]): Promise<Commands[Op][1]> {
    this.#child.stdin!.write(`${JSON.stringify({ op, ...input })}\n`);
    const answer = JSON.parse(await this.#line(`the answer to ${op}`)) as Answer;
    if ('ok' in answer) return answer.ok;
    if ('unsupported' in answer) throw new UnsupportedError(answer.unsupported);
    throw new Error(`${op}: ${answer.error}\n${this.#stderr}`);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#closed;
    clearTimeout(timer);
  }

  async #line(what: string): Promise<string> {
    const limit = AbortSignal.timeout(ANSWER_MS);
    limit.addEventListener('abort', () => {
      this.#wake();
    });
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#isClosed) throw new Error(`the client ended before ${what}\n${this.#stderr}`);
      if (limit.aborted) throw new Error(`no ${what} within ${ANSWER_MS} ms\n${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
