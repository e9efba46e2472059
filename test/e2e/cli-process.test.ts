import { type ChildProcessByStdio, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { apiVersionsApi } from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../support/wire-client.js';

// The command as a user runs it, in a process of its own.

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const SERVE = ['serve', '--bind', '127.0.0.1:0'];

interface Child {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly output: { out: string; err: string };
  /** Settles with what it wrote, once it has ended. */
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

function launch(args: readonly string[], stdio: StdioOptions = ['ignore', 'pipe', 'pipe']): Child {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(IGGY_)?KAFKA_|^NODE_/.test(name)));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN, ...args], {
    stdio,
    env,
  }) as Child['process'];
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { out: '', err: '' };
  // A stream that goes into a file, and not to us, is null.
  (child.stdout as Readable | null)?.on('data', (chunk: Buffer) => (output.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.err += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { process: child, output, ended };
}

/** Waits for the line that says where it listens; returns the port. */
async function listening({ process: { stdout }, output, ended }: Child): Promise<number> {
  for (;;) {
    const port = /listening on 127\.0\.0\.1:(\d+) /.exec(output.out)?.[1];
    if (port !== undefined) return Number(port);
    const over = ended.then(({ err }) => Promise.reject(new Error(`ended: ${err}`)));
    await Promise.race([once(stdout, 'data'), over]);
  }
}

test('it serves until SIGTERM, closes its connections, and ends with 0', async () => {
  const child = launch([...SERVE, '--backend', 'stub', '--stub-mode', 'accepting']);
  const port = await listening(child);
  const client = await WireClient.connect(port);
  const { response } = await client.send(apiVersionsApi, 3, {
    clientSoftwareName: 'test',
    clientSoftwareVersion: '1',
  });
  expect(response.errorCode).toBe(0);
  child.process.kill('SIGTERM');
  await client.closed;
  expect(await child.ended).toEqual({
    code: 0,
    out: `iggy-gateway-kafka: listening on 127.0.0.1:${String(port)} (backend stub (accepting))\n`,
    err: 'iggy-gateway-kafka: SIGTERM: closing\niggy-gateway-kafka: closed\n',
  });
});

test('a second signal ends it at once, whoever is still connected', async () => {
  const child = launch(SERVE);
  const client = await WireClient.connect(await listening(child), { allowHalfOpen: true });
  await client.send(apiVersionsApi, 0, {});
  child.process.kill('SIGINT');
  // The gateway has ended its side and waits for ours, which does not come.
  await client.ended;
  child.process.kill('SIGINT');
  expect((await child.ended).code).toBe(130);
  await client.close();
});

test('a bad value is one line, and ends it with 2', async () => {
  expect(await launch(['serve', '--bind', '127.0.0.1']).ended).toEqual({
    code: 2,
    out: '',
    err: 'iggy-gateway-kafka: --bind "127.0.0.1": want host:port, an IPv6 address in brackets, a port from 0 to 65535\n',
  });
});

test('it serves on when nobody reads its output any more', async () => {
  const child = launch([...SERVE, '--log-level', 'debug']);
  const port = await listening(child);
  child.process.stdout.destroy();
  child.process.stderr.destroy();
  // Each connection writes lines into the closed pipe.
  for (let count = 0; count < 3; count++) {
    const client = await WireClient.connect(port);
    expect((await client.send(apiVersionsApi, 0, {})).response.errorCode).toBe(0);
    await client.close();
  }
  child.process.kill('SIGTERM');
  expect((await child.ended).code).toBe(0);
});

test('a reader that has enough is no failure', async () => {
  const child = launch(['messages', 'list']);
  child.process.stdout.destroy();
  expect(await child.ended).toMatchObject({ code: 0, err: '' });
});

test.runIf(existsSync('/dev/full'))('output that cannot be written is a failure', async () => {
  const full = openSync('/dev/full', 'w');
  const child = launch(['messages', 'list'], ['ignore', full, 'pipe']);
  closeSync(full);
  const { code, err } = await child.ended;
  expect(code).toBe(1);
  expect(err).toMatch(/^iggy-gateway-kafka: the output is incomplete: ENOSPC/);
});

test('verify runs against it from another process', async () => {
  const server = launch([...SERVE, '--log-level', 'quiet']);
  const host = `127.0.0.1:${String(await listening(server))}`;
  const { code, out } = await launch(['messages', 'verify', '--host', host]).ended;
  expect(out).toMatch(/\n\d+ good, 0 failed, \d+ skipped\n$/);
  expect(code).toBe(0);
});
