import { beforeEach, describe, expect, test } from 'vitest';
import { kcat } from './clients.js';
import { requireClient, show, startStub } from './scenario.js';

const MODES = ['retriable', 'accepting'] as const;
const messages = 'one\ntwo\nthree\n';

describe('kcat', () => {
  beforeEach((context) => requireClient(context, kcat));

  test.for(MODES)('lists the broker of the %s stub, and no topic', async (mode, context) => {
    await using stub = await startStub(mode);
    const run = await kcat.run(['-b', stub.bootstrap, '-L']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain(' 1 brokers:\n');
    expect(run.stdout).toContain(`  broker 1 at ${stub.bootstrap} (controller)\n`);
    expect(run.stdout).toContain(' 0 topics:\n');
    expect(stub.trouble).toEqual([]);
  });

  test('is told by the retriable stub that a topic is unknown', async (context) => {
    await using stub = await startStub('retriable');
    const run = await kcat.run(['-b', stub.bootstrap, '-L', '-t', 'greetings']);
    await show(context, run, stub);
    expect(run.stdout).toContain('  topic "greetings" with 0 partitions: Broker: Unknown topic or partition\n');
    expect(stub.trouble).toEqual([]);
  });

  test('is told by the accepting stub of one partition in any topic', async (context) => {
    await using stub = await startStub('accepting');
    const run = await kcat.run(['-b', stub.bootstrap, '-L', '-t', 'greetings']);
    await show(context, run, stub);
    expect(run.stdout).toContain('  topic "greetings" with 1 partitions:\n');
    expect(run.stdout).toContain('    partition 0, leader 1, replicas: 1, isrs: 1\n');
    expect(stub.trouble).toEqual([]);
  });

  test('fails clearly to produce to the retriable stub', async (context) => {
    await using stub = await startStub('retriable');
    const args = ['-b', stub.bootstrap, '-P', '-t', 'greetings', '-X', 'message.timeout.ms=5000'];
    const run = await kcat.run(args, { input: messages });
    await show(context, run, stub);
    expect(run.exitCode).toBe(1);
    expect(run.stderr.match(/^% Delivery failed for message: .+$/gm)).toHaveLength(3);
    expect(stub.trouble).toEqual([]);
  });

  test('produces to the accepting stub', async (context) => {
    await using stub = await startStub('accepting');
    const args = ['-b', stub.bootstrap, '-P', '-t', 'greetings', '-X', 'message.timeout.ms=5000'];
    const run = await kcat.run(args, { input: messages });
    await show(context, run, stub);
    expect(run).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(stub.asked).toContain('Produce v7');
    expect(stub.trouble).toEqual([]);
  });

  test('fails clearly to consume from the retriable stub', async (context) => {
    await using stub = await startStub('retriable');
    const run = await kcat.run(['-b', stub.bootstrap, '-C', '-t', 'greetings', '-p', '0', '-o', 'beginning', '-e']);
    await show(context, run, stub);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('% ERROR: Topic greetings error: Broker: Unknown topic or partition');
    expect(stub.trouble).toEqual([]);
  });

  test('reads the accepting stub to its end, which is its beginning', async (context) => {
    await using stub = await startStub('accepting');
    const run = await kcat.run(['-b', stub.bootstrap, '-C', '-t', 'greetings', '-p', '0', '-o', 'beginning', '-e']);
    await show(context, run, stub);
    expect(run).toMatchObject({ exitCode: 0, stdout: '' });
    expect(run.stderr).toContain('% Reached end of topic greetings [0] at offset 0: exiting');
    expect(stub.asked).toContain('Fetch v11');
    expect(stub.trouble).toEqual([]);
  });
});
