import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadataApi, offsetCommitApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { runCommand, serveCommand, startCommand } from '../support/command.js';
import { createStandIn, type StandIn } from '../support/iggy-stand-in.js';
import { batchOf, produce } from '../support/log-requests.js';
import { WireClient } from '../support/wire-client.js';

/** The adapter does it. */
const reconnect = { enabled: false, interval: 0, maxRetries: 0 };

// The SDK is the user's: here the stand-in is installed in its place. With the real one: test/iggy/command.test.ts.

interface Folder {
  readonly path: string;
  readonly iggy: StandIn;
  /** What clients were made with. */
  readonly made: unknown[];
}

/** A folder with a package `apache-iggy` that is the stand-in, or holds other code. */
async function installed(code?: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'iggy-command-'));
  onTestFinished(() => rm(path, { recursive: true }));
  const iggy = createStandIn();
  const made: unknown[] = [];
  const connect = (config: unknown): unknown => {
    made.push(config);
    return iggy.connect();
  };
  (globalThis as Record<string, unknown>)[path] = connect;
  onTestFinished(() => {
    Reflect.deleteProperty(globalThis, path);
  });
  const sdk = join(path, 'node_modules/apache-iggy');
  await mkdir(sdk, { recursive: true });
  await writeFile(join(sdk, 'package.json'), JSON.stringify({ name: 'apache-iggy', type: 'module', main: 'index.js' }));
  const standIn = `export function Client(config) { return globalThis[${JSON.stringify(path)}](config); }`;
  await writeFile(join(sdk, 'index.js'), code ?? standIn);
  return { path, iggy, made };
}

describe('serve --backend iggy', () => {
  test('serves a stream of Iggy, with the SDK that is installed where it is called', async () => {
    const { path, iggy, made } = await installed();
    const args = ['--backend', 'iggy', '--iggy-address', 'iggy.example.net:8091', '--iggy-stream', 'shop'];
    const env = { IGGY_KAFKA_IGGY_USERNAME: 'kafka', IGGY_KAFKA_IGGY_PASSWORD: 'secret' };
    const { command, address, port } = await serveCommand([...args, '--config', 'num.partitions=3'], env, path);
    expect(command.out).toBe(`iggy-gateway-kafka: listening on ${address} (backend iggy)\n`);
    expect(made[0]).toEqual({
      transport: 'TCP',
      options: { host: 'iggy.example.net', port: 8091 },
      credentials: { username: 'kafka', password: 'secret' },
      reconnect,
    });

    const client = await WireClient.connect(port);
    await createTopic(client, 'orders', { numPartitions: -1 });
    expect(await produce(client, 'orders', batchOf(['a']))).toMatchObject({ errorCode: 0 });
    await client.close();
    const topic = await iggy.connect().topic.get({ streamId: 'shop', topicId: 'orders' });
    expect([topic?.partitionsCount, topic?.messagesCount]).toEqual([3, 1n]);
    command.signal('SIGTERM');
    expect(await command.code).toBe(0);
    expect(command.err).toBe('iggy-gateway-kafka: SIGTERM: closing\niggy-gateway-kafka: closed\n');
  });

  test("takes a server's own defaults, and as many clients as it is told", async () => {
    const { path, made } = await installed();
    const { port } = await serveCommand(['--backend', 'iggy', '--iggy-connections', '1'], {}, path);
    const client = await WireClient.connect(port);
    await Promise.all([client.send(metadataApi, 9, { topics: null }), client.send(metadataApi, 9, { topics: null })]);
    await client.close();
    const credentials = { username: 'iggy', password: 'iggy' };
    expect(made).toEqual([{ transport: 'TCP', options: { host: '127.0.0.1', port: 8090 }, credentials, reconnect }]);
  });

  test('dials the next address when a node is not there', async () => {
    const { path, iggy, made } = await installed();
    const ports: number[] = [];
    (globalThis as Record<string, unknown>)[path] = ({ options }: { options: { port: number } }): unknown => {
      ports.push(options.port);
      if (options.port === 1)
        throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
      return iggy.connect();
    };
    const addresses = ['--iggy-address', '127.0.0.1:1, [::1]:2,iggy.example.net:3'];
    const { command } = await serveCommand(['--backend', 'iggy', ...addresses], {}, path);
    expect([made.length, ports.slice(0, 2), ports.includes(3)]).toEqual([0, [1, 2], false]);
    expect(command.err.split('\n')).toEqual([
      'iggy-gateway-kafka: Iggy: a connection has failed at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
      'iggy-gateway-kafka: Iggy: commands are answered again, by [::1]:2',
      '',
    ]);
  });

  test("shows what groups commit to Iggy's tools, where it is told to", async () => {
    const { path, iggy } = await installed();
    const { port } = await serveCommand(['--backend', 'iggy', '--iggy-mirror-offsets', 'yes'], {}, path);
    const client = await WireClient.connect(port);
    await createTopic(client, 'orders');
    await produce(client, 'orders', batchOf(['a', 'b']));
    const partitions = [{ partitionIndex: 0, committedOffset: 2n, committedMetadata: '' }];
    const group = { groupId: 'readers', generationIdOrMemberEpoch: -1, memberId: '' };
    await client.send(offsetCommitApi, 7, { ...group, topics: [{ name: 'orders', partitions }] });
    await client.close();
    const consumer = { kind: 1, id: 'kafka.cg.readers' } as const;
    const stored = () => iggy.connect().offset.get({ streamId: 'kafka', topicId: 'orders', partitionId: 0, consumer });
    await vi.waitFor(async () => expect(await stored()).toMatchObject({ storedOffset: 1n }));
  });

  test.each(['info', 'quiet'])('tells the operator of what went wrong at Iggy, unless quiet: %s', async (level) => {
    const { path, iggy } = await installed();
    const { command } = await serveCommand(['--backend', 'iggy', '--log-level', level], {}, path);
    let asked = 0;
    // What the store asks again and again, to see topics that come and go.
    iggy.fault = (name) => (name === 'topic.list' && asked++ === 0 ? 'before' : undefined);
    await vi.waitFor(() => expect(asked).toBeGreaterThan(1), { timeout: 10_000 });
    const name = 'iggy-gateway-kafka: Iggy:';
    const lines = [`${name} a connection has failed at 127.0.0.1:8090: connection closed while waiting for response`];
    lines.push(`${name} commands are answered again, by 127.0.0.1:8090`, '');
    if (level === 'quiet') expect(command.err).toBe('');
    else await vi.waitFor(() => expect(command.err.split('\n')).toEqual(lines));
  });
});

describe('the start is stopped, with one line that says why,', () => {
  async function fails(path: string, args: readonly string[] = []): Promise<string> {
    const command = ['serve', '--bind', '127.0.0.1:0', '--backend', 'iggy', '--log-level', 'quiet', ...args];
    const { code, out, err } = await runCommand(command, {}, path);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^iggy-gateway-kafka: [^\n]+\n$/);
    return err;
  }

  test('when the SDK is not installed', async () => {
    const { path } = await installed();
    await rm(join(path, 'node_modules'), { recursive: true });
    expect(await fails(path)).toContain(
      `--backend iggy needs Iggy's Node SDK, which is not installed in ${path}: npm install apache-iggy@0.10.0`,
    );
  });

  test('when the SDK does not load, or is another package', async () => {
    const { path: broken } = await installed("throw new Error('half of it is missing');");
    expect(await fails(broken)).toMatch(/Iggy's Node SDK does not load from .*: half of it is missing/);
    const { path: other } = await installed('export const Consumer = {};');
    expect(await fails(other)).toMatch(/index\.js has no Client, as Iggy's Node SDK has/);
  });

  test('when Iggy refuses the credentials', async () => {
    const { path, iggy } = await installed();
    iggy.letsIn = false;
    expect(await fails(path)).toContain('cannot start: Iggy refuses the credentials: ');
  });

  test('which is the only line at every log level, and though something keeps the process, it ends', async () => {
    const { path, iggy } = await installed();
    iggy.letsIn = false;
    const running = startCommand(['serve', '--bind', '127.0.0.1:0', '--backend', 'iggy'], {}, path);
    expect(await running.code).toBe(1);
    expect(running.err).toMatch(/^iggy-gateway-kafka: cannot start: Iggy refuses the credentials: [^\n]+\n$/);
    await vi.waitFor(() => expect(running.exits).toEqual([1]), { timeout: 5000 });
  });

  test('when Iggy is not there', async () => {
    const { path, iggy } = await installed();
    iggy.fault = () => 'away';
    const said = await fails(path, ['--iggy-address', '127.0.0.1:1']);
    expect(said).toContain('cannot start: ');
    expect(said).toContain('connect ECONNREFUSED');
  });

  test('when a config is one that Iggy itself has', async () => {
    const { path } = await installed();
    const args = ['serve', '--backend', 'iggy', '--config', 'log.retention.ms=5'];
    const { code, err } = await runCommand(args, {}, path);
    expect(code).toBe(2);
    expect(err).toMatch(/^iggy-gateway-kafka: --config: log\.retention\.ms: .*is set at Iggy's server\n$/);
  });
});
