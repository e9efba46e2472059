import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Io, StopSignal } from '../../src/cli/io.js';
import { run } from '../../src/cli/run.js';

// The command within this process, over real sockets: coverage is collected here. cli-process.test.ts runs it as a user does.

interface Session {
  readonly out: () => string;
  readonly err: () => string;
  readonly exits: number[];
  readonly code: Promise<number>;
  signal(signal: StopSignal): void;
}

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start(args: readonly string[], env: Record<string, string> = {}): Session {
  let out = '';
  let err = '';
  const exits: number[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const io: Io = {
    env,
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
    exit: (code) => {
      exits.push(code);
    },
  };
  const code = run(args, io);
  const signal = (name: StopSignal): void => {
    for (const listener of [...listeners]) listener(name);
  };
  stops.push(() => {
    signal('SIGTERM');
    return code;
  });
  return { out: () => out, err: () => err, exits, code, signal };
}

async function finish(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const session = start(args, env);
  const code = await session.code;
  return { code, out: session.out(), err: session.err() };
}

async function serve(args: readonly string[] = [], env: Record<string, string> = {}): Promise<[Session, string]> {
  const session = start(['serve', '--bind', '127.0.0.1:0', '--shutdown-drain-timeout-secs', '1', ...args], env);
  const address = await vi.waitFor(() => {
    const found = /listening on (\S+:\d+)/.exec(session.out())?.[1];
    if (found === undefined) throw new Error(`not listening yet: ${session.err()}`);
    return found;
  });
  return [session, address];
}

describe('serve', () => {
  it('says where it listens, and ends with 0 on SIGTERM', async () => {
    const [session, address] = await serve(['--advertised', 'kafka.example:19093']);
    expect(session.out()).toBe(
      `iggy-gateway-kafka: listening on ${address}, advertised as kafka.example:19093 (backend stub (retriable))\n`,
    );
    session.signal('SIGTERM');
    expect(await session.code).toBe(0);
    expect(session.err()).toContain('SIGTERM: closing');
  });

  it('ends the process at once on a second signal', async () => {
    const [session] = await serve();
    session.signal('SIGINT');
    session.signal('SIGINT');
    expect(session.exits).toEqual([130]);
    expect(await session.code).toBe(0);
  });

  it('takes a flag before IGGY_KAFKA_, and that before KAFKA_', async () => {
    const env = { IGGY_KAFKA_STUB_MODE: 'accepting', KAFKA_ADVERTISED_HOST: 'short', KAFKA_ADVERTISED_PORT: '1' };
    const [byVariable] = await serve([], env);
    expect(byVariable.out()).toMatch(/advertised as short:1 \(backend stub \(accepting\)\)/);
    const [long] = await serve([], { ...env, IGGY_KAFKA_ADVERTISED_HOST: 'long' });
    expect(long.out()).toContain('advertised as long:1 ');
    const [byFlag] = await serve(['--stub-mode', 'retriable', '--advertised', 'flag'], env);
    expect(byFlag.out()).toContain('backend stub (retriable)');
    expect(byFlag.out()).toContain('advertised as flag:');
  });

  const bad: [readonly string[], Record<string, string>, string][] = [
    [['--bind', 'nowhere'], {}, '--bind "nowhere"'],
    [['--bind', '127.0.0.1:70000'], {}, '--bind "127.0.0.1:70000"'],
    [['--max-connections', '0'], {}, '--max-connections "0"'],
    [['--max-frame-size', '1e6x'], {}, '--max-frame-size "1e6x"'],
    [['--idle-timeout-secs', 'soon'], {}, '--idle-timeout-secs "soon"'],
    [['--stub-mode', 'maybe'], {}, '--stub-mode "maybe"'],
    [['--backend', 'kafka'], {}, '--backend "kafka"'],
    [['--log-level', 'loud'], {}, '--log-level "loud"'],
    [[], { IGGY_KAFKA_WRITE_TIMEOUT_SECS: '-1' }, 'IGGY_KAFKA_WRITE_TIMEOUT_SECS "-1"'],
    [[], { KAFKA_BIND_ADDR: ':x' }, 'KAFKA_BIND_ADDR ":x"'],
    [['--bind', '0.0.0.0:0'], {}, 'advertised'],
    [['--bind', '0.0.0.0:0', '--advertised', '0.0.0.0:1'], {}, '--advertised "0.0.0.0:1"'],
    [['--bind', '127.0.0.1:0', '--nonsense'], {}, '--nonsense'],
  ];
  it.each(bad)('%j %j stops the start with one line that names it', async (args, env, named) => {
    const { code, out, err } = await finish(['serve', ...args], env);
    expect(code).not.toBe(0);
    expect(out).toBe('');
    expect(err).toContain(named);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('says in one line that the address is taken', async () => {
    const [, address] = await serve();
    const { code, err } = await finish(['serve', '--bind', address]);
    expect(code).toBe(1);
    expect(err).toMatch(/^iggy-gateway-kafka: cannot start: .*EADDRINUSE.*\n$/);
  });
});

describe('messages', () => {
  it('list names every API with a codec', async () => {
    const { code, out } = await finish(['messages', 'list']);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}3 {2}Metadata +0-13 +9$/m);
    expect(out).toMatch(/^ 18 {2}ApiVersions +0-4 +3$/m);
  });

  it('generate writes framed requests, as bytes or as hex', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'messages-'));
    try {
      const args = ['messages', 'generate', '--api-key', '3', '--api-key', '18', '--output', folder];
      expect((await finish(args)).out).toMatch(/^\d+ messages written to /);
      const files = await readdir(folder);
      expect(files).toContain('003_Metadata_v9.bin');
      expect(files).toContain('018_ApiVersions_v3.bin');
      const bytes = await readFile(path.join(folder, '003_Metadata_v9.bin'));
      expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
      expect([bytes.readInt16BE(4), bytes.readInt16BE(6)]).toEqual([3, 9]);
      expect((await finish([...args, '--version', '9', '--hex'])).code).toBe(0);
      expect((await readFile(path.join(folder, '003_Metadata_v9.hex'), 'utf8')).trim()).toBe(bytes.toString('hex'));
    } finally {
      await rm(folder, { recursive: true });
    }
    const { out } = await finish(['messages', 'generate', '--api-key', '3', '--version', '9', '--hex']);
    expect(out).toMatch(/^003_Metadata_v9\S* [0-9a-f]+\n$/);
  });

  it('generate says in one line why it cannot write', async () => {
    const { code, err } = await finish(['messages', 'generate', '--output', '/dev/null/x']);
    expect(code).toBe(1);
    expect(err).toMatch(/^iggy-gateway-kafka: --output .*\n$/);
  });

  it.each(['retriable', 'accepting'])('verify finds every answer of the %s stub good', async (mode) => {
    const [, address] = await serve(['--stub-mode', mode]);
    const { code, out } = await finish(['messages', 'verify', '--host', address]);
    expect(out).toMatch(/\n\d{2,} good, 0 failed, \d+ skipped\n$/);
    expect(code).toBe(0);
  });

  it('send prints a line for each message, with bytes and error code', async () => {
    const [, address] = await serve();
    const { code, out } = await finish(['messages', 'send', '--host', address, '--api-key', '0', '--version', '9']);
    expect(code).toBe(0);
    expect(out).toMatch(/^000 Produce v9: \d+ bytes, NOT_LEADER_OR_FOLLOWER \(6\)\n$/);
  });

  it.each([
    [
      'garbage',
      (socket: { write(bytes: Buffer): unknown }) => socket.write(Buffer.from('00000006000000ff0001', 'hex')),
    ],
    ['the end of the connection', (socket: { destroy(): unknown }) => socket.destroy()],
    ['nothing', () => undefined],
  ] as const)('verify and send fail over a server that answers %s', async (_what, answer) => {
    // A server of our own: no real one answers like this.
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => answer(socket));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const flags = ['--host', address, '--timeout-ms', '200', '--api-key', '3'];
    expect((await finish(['messages', 'verify', ...flags])).code).toBe(1);
    expect((await finish(['messages', 'send', ...flags, '--version', '9'])).out).toMatch(/Metadata v9: \D/);
  });

  it.each([
    [['--api-key', 'x'], '--api-key "x"'],
    [['--api-key', '999'], '999'],
    [['--version', '99'], '99'],
    [['--kind', 'huge'], '--kind "huge"'],
  ])('%j is refused in one line', async (flags, named) => {
    const { code, err } = await finish(['messages', 'generate', '--hex', ...flags]);
    expect(code).not.toBe(0);
    expect(err).toContain(named);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});

describe('help', () => {
  it.each([['--help'], ['serve', '--help'], ['messages', 'verify', '--help']])(
    '%s %s prints usage',
    async (...args) => {
      const { code, out } = await finish(args);
      expect(code).toBe(0);
      expect(out).toMatch(/^Usage: iggy-gateway-kafka/);
    },
  );

  it('prints the version, and usage for no command', async () => {
    expect((await finish(['--version'])).out).toMatch(/^\d+\.\d+\.\d+/);
    const { code, out, err } = await finish([]);
    expect(code).not.toBe(0);
    expect(out + err).toContain('Usage:');
    expect((await finish(['sever'])).err).toContain('sever');
  });
});
