import { beforeEach, describe, expect, test } from 'vitest';
import { java } from './clients.js';
import { requireClient, show, startStub } from './scenario.js';

/** Makes the client log each request and response as it decoded it, and the versions that it settled on. */
const LOG_NETWORK = '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients.NetworkClient=debug';

/** What the log says of the versions: those that the broker has, and which of them the client uses. */
function negotiated(stderr: string): string[] {
  const [, versions = ''] = /Node 1 has finalized features.* API versions: \((.*)\)\.$/m.exec(stderr) ?? [];
  return versions.split(', ').filter((entry) => !entry.endsWith(': UNSUPPORTED'));
}

describe('java', () => {
  beforeEach((context) => requireClient(context, java));

  test.for(['retriable', 'accepting'] as const)(
    'describes the cluster of the %s stub, which has no id, and lists its topics',
    async (mode, context) => {
      await using stub = await startStub(mode);
      const run = await java.run([stub.bootstrap, 'admin']);
      await show(context, run, stub);
      expect(run.exitCode).toBe(0);
      const node = `${stub.bootstrap} (id: 1 rack: null isFenced: false)`;
      expect(run.stdout).toContain('cluster id: null\n');
      expect(run.stdout).toContain(`controller: ${node}\n`);
      expect(run.stdout).toContain(`nodes: [${node}]\n`);
      expect(run.stdout).toContain('topics: []\n');
      expect(run.stdout).toContain('supportedFeatures:{}');
      expect(stub.trouble).toEqual([]);
    },
  );

  test('negotiates: refused with ApiVersions 5, it asks with 3, and takes the highest version of each API', async (context) => {
    await using stub = await startStub('retriable');
    const run = await java.run([LOG_NETWORK, stub.bootstrap, 'admin']);
    const versions = negotiated(run.stderr);
    await show(context, { ...run, stderr: `API versions of node 1: ${versions.join(', ')}` }, stub);
    expect(stub.asked.slice(0, 3)).toEqual(['ApiVersions v5 refused', 'ApiVersions v3', 'Metadata v9']);
    expect(run.stderr).toMatch(
      /Received API_VERSIONS .*apiVersion=5.* ApiVersionsResponseData\(errorCode=35, apiKeys=\[ApiVersion/,
    );
    expect(run.stderr).toMatch(
      /Received API_VERSIONS .*apiVersion=3.* ApiVersionsResponseData\(errorCode=0, apiKeys=\[ApiVersion/,
    );
    expect(versions).toEqual([
      'Produce(0): 0 to 9 [usable: 9]',
      'Fetch(1): 4 to 12 [usable: 12]',
      'ListOffsets(2): 1 to 6 [usable: 6]',
      'Metadata(3): 0 to 9 [usable: 9]',
      'ApiVersions(18): 0 to 3 [usable: 3]',
      'CreateTopics(19): 2 to 5 [usable: 5]',
    ]);
    expect(run.exitCode).toBe(0);
    expect(stub.trouble).toEqual([]);
  });

  test('creates a topic on the accepting stub', async (context) => {
    await using stub = await startStub('accepting');
    const run = await java.run([stub.bootstrap, 'create-topic', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('created: greetings, partitions 3\n');
    expect(stub.asked).toContain('CreateTopics v5');
    expect(stub.trouble).toEqual([]);
  });

  test('produces to the accepting stub without idempotence', async (context) => {
    await using stub = await startStub('accepting');
    const run = await java.run([stub.bootstrap, 'produce', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(0);
    for (const value of ['one', 'two', 'three'])
      expect(run.stdout).toMatch(new RegExp(`^sent: ${value} to greetings-0@\\d+$`, 'm'));
    expect(stub.asked).toContain('Produce v9');
    expect(stub.trouble).toEqual([]);
  });

  test('fails clearly to produce with idempotence, which it has by default: there is no InitProducerId', async (context) => {
    await using stub = await startStub('accepting');
    const run = await java.run([stub.bootstrap, 'produce-idempotent', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('UnsupportedVersionException: The node does not support INIT_PRODUCER_ID\n');
    expect(run.stdout).not.toContain('sent:');
    expect(stub.trouble).toEqual([]);
  });

  test('fails clearly to produce to the retriable stub', async (context) => {
    await using stub = await startStub('retriable');
    const run = await java.run([stub.bootstrap, 'produce', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/^error: TimeoutException: Topic greetings not present in metadata after \d+ ms\.$/m);
    expect(run.stdout).not.toContain('sent:');
    expect(stub.trouble).toEqual([]);
  });

  test('consumes with assign() from the accepting stub, and finds nothing', async (context) => {
    await using stub = await startStub('accepting');
    const run = await java.run([stub.bootstrap, 'consume', 'greetings']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('position: 0\n');
    for (const poll of [1, 2, 3]) expect(run.stdout).toContain(`poll ${poll}: 0 records\n`);
    expect(run.stdout).toContain('end: {greetings-0=0}\n');
    expect(stub.asked).toEqual(expect.arrayContaining(['ListOffsets v6', 'Fetch v12']));
    expect(stub.trouble).toEqual([]);
  });
});
