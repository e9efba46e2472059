import { ErrorCode } from 'iggy-gateway-kafka';
import { apiVersionsApi, describeConfigsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/run.js';
import { createTopic } from '../support/admin-requests.js';
import { runCommand, serveCommand } from '../support/command.js';
import { batchOf, produce } from '../support/log-requests.js';
import { WireClient } from '../support/wire-client.js';

describe('serve', () => {
  test('says in one line where it listens, and what answers', async () => {
    const { command, address, port } = await serveCommand();
    expect(command.out).toBe(`iggy-gateway-kafka: listening on ${address} (backend memory)\n`);
    const client = await WireClient.connect(port);
    const { response } = await client.send(apiVersionsApi, 0, {});
    expect(response.errorCode).toBe(0);
    await client.close();
    expect(command.err).toBe('');
  });

  test('tells clients to connect to the advertised address, which its line names', async () => {
    const { command, address, port } = await serveCommand(['--advertised', '[2001:db8::1]:19093']);
    expect(command.out).toBe(
      `iggy-gateway-kafka: listening on ${address}, advertised as [2001:db8::1]:19093 (backend memory)\n`,
    );
    const client = await WireClient.connect(port);
    const { response } = await client.send(metadataApi, 1, { topics: [] });
    expect(response.brokers).toMatchObject([{ host: '2001:db8::1', port: 19093 }]);
    await client.close();
  });

  test('takes its settings from the environment, a flag first', async () => {
    const env = {
      IGGY_KAFKA_STUB_MODE: 'accepting',
      KAFKA_ADVERTISED_HOST: 'short',
      KAFKA_ADVERTISED_PORT: '1',
      IGGY_KAFKA_ADVERTISED_PORT: '2',
    };
    const { command } = await serveCommand(['--backend', 'stub'], env);
    expect(command.out).toMatch(/, advertised as short:2 \(backend stub \(accepting\)\)\n$/);
    const { command: flagged } = await serveCommand(
      ['--backend', 'stub', '--stub-mode', 'retriable', '--advertised', 'flag'],
      env,
    );
    expect(flagged.out).toMatch(/, advertised as flag:2 \(backend stub \(retriable\)\)\n$/);
  });

  test('gives the broker its configs, those of the flag one by one', async () => {
    const ask = async (port: number): Promise<(string | null)[]> => {
      const client = await WireClient.connect(port);
      const configurationKeys = ['log.retention.ms', 'num.partitions'];
      const resources = [{ resourceType: 4, resourceName: '1', configurationKeys }];
      const { response } = await client.send(describeConfigsApi, 4, { resources });
      await client.close();
      return response.results.flatMap(({ configs }) => configs.map(({ value }) => value)).sort();
    };
    const { port } = await serveCommand(['--config', 'num.partitions=3', '--config', 'log.retention.ms= 5']);
    expect(await ask(port)).toEqual(['3', '5']);
    const { port: other } = await serveCommand([], { IGGY_KAFKA_CONFIG: 'num.partitions=4;\n log.retention.ms=6;' });
    expect(await ask(other)).toEqual(['4', '6']);
  });

  test.each([
    ['info', /^iggy-gateway-kafka: Produce is refused: [^\n]*maxBytes[^\n]*\n$/],
    ['quiet', /^$/],
  ])('keeps no more records than it was given memory for, and says so at the level %s', async (level, said) => {
    const { command, port } = await serveCommand(['--memory-max-bytes', '65536', '--log-level', level]);
    const client = await WireClient.connect(port);
    await createTopic(client, 't');
    expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: ErrorCode.NONE });
    const { errorCode, errorMessage } = await produce(client, 't', batchOf(['x'.repeat(65_536)]));
    expect([errorCode, errorMessage]).toEqual([ErrorCode.KAFKA_STORAGE_ERROR, expect.stringContaining('65536')]);
    await client.close();
    expect(command.err).toMatch(said);
  });

  test('holds its clients to the limits it was given', async () => {
    const { command, port } = await serveCommand(['--max-connections', '1', '--max-frame-bytes', '64']);
    const client = await WireClient.connect(port);
    await client.send(apiVersionsApi, 0, {});
    const second = await WireClient.connect(port);
    await second.closed;
    client.sendRaw(Buffer.from([0, 0, 0, 65]));
    await client.closed;
    expect(command.err).toContain('more than 1 connections');
    expect(command.err).toContain('protocol error');

    const { command: hurried, port: other } = await serveCommand(['--frame-timeout-secs', '0.02']);
    const slow = await WireClient.connect(other);
    slow.sendRaw(Buffer.from([0]));
    await slow.closed;
    expect(hurried.err).toMatch(/connection error .*: no byte of a begun frame for 20 ms\n/);

    const { command: impatient, port: third } = await serveCommand([], { IGGY_KAFKA_IDLE_TIMEOUT_SECS: '0.02' });
    await (
      await WireClient.connect(third)
    ).closed;
    expect(impatient.err).toMatch(/connection error .*: idle for 20 ms\n/);
  });
});

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s closes, and the command ends with 0', async (signal) => {
    const { command, port } = await serveCommand();
    const client = await WireClient.connect(port);
    await client.send(apiVersionsApi, 0, {});
    command.signal(signal);
    await client.closed;
    expect(await command.code).toBe(0);
    expect(command.err).toBe(`iggy-gateway-kafka: ${signal}: closing\niggy-gateway-kafka: closed\n`);
    await expect(WireClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('says nothing where the command is to be quiet', async () => {
    const { command } = await serveCommand(['--log-level', 'quiet']);
    command.signal('SIGTERM');
    expect(await command.code).toBe(0);
    expect(command.err).toBe('');
  });

  test('does not wait longer than the drain timeout for a client that stays', async () => {
    const { command, port } = await serveCommand(['--drain-timeout-secs', '0']);
    const client = await WireClient.connect(port, { allowHalfOpen: true });
    await client.send(apiVersionsApi, 0, {});
    command.signal('SIGTERM');
    expect(await command.code).toBe(0);
    await client.close();
  });

  test('ends the process at once when it comes a second time', async () => {
    const { command } = await serveCommand();
    command.signal('SIGINT');
    command.signal('SIGTERM');
    expect(command.exits).toEqual([143]);
  });

  test('ends the process in the end, whatever keeps it', async () => {
    const { command } = await serveCommand();
    command.signal('SIGTERM');
    expect(await command.code).toBe(0);
    expect(command.exits).toEqual([]);
    await vi.waitFor(() => expect(command.exits).toEqual([0]), { timeout: 10_000 });
  });

  test('that comes before the gateway listens is not lost', async () => {
    const said: string[] = [];
    const code = await run(['serve', '--bind', '127.0.0.1:0'], {
      env: {},
      cwd: process.cwd(),
      out: () => said.push('listening'),
      err: () => said.push('said'),
      onSignal: (listener) => {
        listener('SIGTERM');
        said.push('signal');
        return () => undefined;
      },
      exit: () => undefined,
    });
    expect(code).toBe(0);
    expect(said).toEqual(['signal', 'listening', 'said', 'said']);
  });
});

describe('the start is stopped, with one line that names what is wrong,', () => {
  async function failsWith(args: readonly string[], env: Record<string, string> = {}): Promise<[number, string]> {
    const { code, out, err } = await runCommand(['serve', ...args], env);
    expect(out).toBe('');
    expect(err).toMatch(/^iggy-gateway-kafka: [^\n]+\n$/);
    return [code, err];
  }

  const wrong: [string[], Record<string, string>, string][] = [
    [['--bind', 'nowhere'], {}, '--bind "nowhere": want host:port'],
    [['--bind', '127.0.0.1:70000'], {}, '--bind "127.0.0.1:70000"'],
    [['--max-frame-bytes', '1e6'], {}, '--max-frame-bytes "1e6"'],
    [['--backend', 'kafka'], {}, '--backend "kafka": want one of memory, stub, iggy'],
    [['--stub-mode', 'accepting'], {}, '--stub-mode "accepting": only with --backend stub'],
    [
      ['--backend', 'stub', '--config', 'num.partitions=3'],
      {},
      '--config "num.partitions=3": only with --backend memory or iggy',
    ],
    [[], { IGGY_KAFKA_STUB_MODE: 'accepting' }, 'IGGY_KAFKA_STUB_MODE "accepting": only with --backend stub'],
    [
      ['--backend', 'stub', '--memory-max-bytes', '65536'],
      {},
      '--memory-max-bytes "65536": only with --backend memory',
    ],
    [['--config', 'num.partitions'], {}, '--config "num.partitions": want name=value'],
    [
      ['--config', 'num.partition=3'],
      {},
      '--config: option config["num.partition"] is "3"; there is no such config; the nearest is num.partitions',
    ],
    [
      [],
      { IGGY_KAFKA_CONFIG: 'num.partitions=0' },
      'IGGY_KAFKA_CONFIG: option config["num.partitions"] is "0"; it is at least 1',
    ],
    [[], { IGGY_KAFKA_WRITE_TIMEOUT_SECS: '-1' }, 'IGGY_KAFKA_WRITE_TIMEOUT_SECS "-1"'],
    [[], { KAFKA_BIND_ADDR: ':9093' }, 'KAFKA_BIND_ADDR ":9093"'],
    [['--bind', 'a\nb:1\u001b[0m'], {}, '--bind "a\\nb:1\\u001b[0m"'],
    [['--bind', '0.0.0.0:0'], {}, '--bind "0.0.0.0:0": clients cannot connect to every address'],
    [[], { KAFKA_BIND_ADDR: '[::]:0' }, 'KAFKA_BIND_ADDR "[::]:0": clients cannot'],
    [['--bind', '0.0.0.0:0', '--advertised', '0.0.0.0:1'], {}, '--advertised "0.0.0.0:1": clients cannot'],
    [['--bind', '0.0.0.0:0'], { KAFKA_ADVERTISED_HOST: '::' }, 'KAFKA_ADVERTISED_HOST "::": clients cannot'],
    [['--bnd', 'a:1'], {}, "unknown option '--bnd' (Did you mean --bind?)"],
    [['--bind'], {}, "option '--bind <host:port>' argument missing"],
    [['now'], {}, 'too many arguments'],
  ];
  test.each(wrong)('for %j %j', async (args, env, named) => {
    const [code, err] = await failsWith(args, env);
    expect(code).toBe(2);
    expect(err).toContain(named);
  });

  test('for an address that is taken', async () => {
    const { address } = await serveCommand();
    const [code, err] = await failsWith(['--bind', address]);
    expect(code).toBe(1);
    expect(err).toMatch(/cannot start: .*EADDRINUSE/);
  });

  test('for an address that is not of this machine', async () => {
    const [code, err] = await failsWith(['--bind', '192.0.2.1:0', '--advertised', 'a']);
    expect(code).toBe(1);
    expect(err).toMatch(/cannot start: .*EADDRNOTAVAIL/);
  });
});

describe('usage', () => {
  test.each([[['--help']], [['serve', '--help']], [['messages', '--help']], [['messages', 'verify', '-h']]])(
    '%j is the help, and no failure',
    async (args) => {
      const { code, out, err } = await runCommand(args);
      expect(code).toBe(0);
      expect(out).toMatch(/^Usage: iggy-gateway-kafka/);
      expect(err).toBe('');
    },
  );

  test('the help of serve names every variable', async () => {
    const { out } = await runCommand(['serve', '--help']);
    expect([...out.matchAll(/\bIGGY_KAFKA_[A-Z_]+/g)].map(([name]) => name).sort()).toEqual(
      [
        ...[
          'BACKEND',
          'STUB_MODE',
          'CONFIG',
          'MEMORY_MAX_BYTES',
          'BIND_ADDR',
          'ADVERTISED_HOST',
          'ADVERTISED_PORT',
          'LOG_LEVEL',
        ],
        ...['MAX_CONNECTIONS', 'MAX_FRAME_BYTES', 'MAX_IN_FLIGHT_BYTES', 'IDLE_TIMEOUT_SECS', 'FRAME_TIMEOUT_SECS'],
        ...['WRITE_TIMEOUT_SECS', 'DRAIN_TIMEOUT_SECS'],
        ...['IGGY_ADDRESS', 'IGGY_STREAM', 'IGGY_USERNAME', 'IGGY_PASSWORD', 'IGGY_CONNECTIONS'],
        ...[
          'IGGY_STATE_TOPIC',
          'IGGY_DURABILITY',
          'IGGY_SESSION_TIMEOUT_SECS',
          'IGGY_IMPORT_OFFSETS',
          'IGGY_MIRROR_OFFSETS',
        ],
      ]
        .map((name) => `IGGY_KAFKA_${name}`)
        .sort(),
    );
  });

  test('a flag of 0.1 that was renamed is refused with its new name', async () => {
    const args = ['serve', '--backend', 'iggy', '--iggy-enforce-fsync', 'yes'];
    const { code, out, err } = await runCommand(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^iggy-gateway-kafka: --iggy-enforce-fsync "yes": renamed to --iggy-durability; .*\n$/);
  });

  test.each([[[]], [['messages']]])('%j lacks a command: the help says which there are', async (args) => {
    const { code, out, err } = await runCommand(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^Usage: iggy-gateway-kafka/);
  });

  test('a command that there is not is told in one line', async () => {
    expect(await runCommand(['srve'])).toEqual({
      code: 2,
      out: '',
      err: "iggy-gateway-kafka: unknown command 'srve' (Did you mean serve?)\n",
    });
  });

  test('a mistake of the command itself is thrown, not hidden in a line', async () => {
    const broken = new Error('broken output');
    const io = {
      env: {},
      cwd: process.cwd(),
      err: () => undefined,
      onSignal: () => () => undefined,
      exit: () => undefined,
    };
    const code = run(['messages', 'list'], {
      ...io,
      out: () => {
        throw broken;
      },
    });
    await expect(code).rejects.toBe(broken);
  });
});
