import {
  createKafkaGateway,
  createStubBackend,
  type GatewayOptions,
  type KafkaGateway,
  type StubMode,
} from 'iggy-gateway-kafka';
import type { TestContext } from 'vitest';
import type { Client } from './clients.js';
import type { ClientRun } from './run-client.js';

/** A gateway with a stub behind it, and what it was asked. */
export interface RunningStub extends AsyncDisposable {
  readonly gateway: KafkaGateway;
  readonly port: number;
  /** `host:port`, as clients take it. */
  readonly bootstrap: string;
  /** Every request in its order: `Metadata v9`, with the error code that was answered if there was one. */
  readonly asked: readonly string[];
  /** What no client may cause: malformed requests, failures of the backend, connections that broke. */
  readonly trouble: readonly unknown[];
}

const LEFT = ['ECONNRESET', 'EPIPE'];

/** Starts a gateway on a port that the system chooses. */
export async function startStub(mode: StubMode, options: GatewayOptions = {}): Promise<RunningStub> {
  const gateway = createKafkaGateway({ listener: { port: 0 }, backend: createStubBackend({ mode }), ...options });
  const asked: string[] = [];
  const trouble: unknown[] = [];
  gateway.on('response', ({ api, apiVersion, errorCode }) => {
    asked.push(`${capital(api)} v${apiVersion}${errorCode === 0 ? '' : ` error ${errorCode}`}`);
  });
  gateway.on('unsupportedVersion', ({ apiName, apiKey, apiVersion }) => {
    asked.push(`${apiName ?? `API ${apiKey}`} v${apiVersion} refused`);
  });
  for (const event of ['protocolError', 'requestError', 'error'] as const) {
    gateway.on(event, (cause: unknown) => trouble.push({ event, cause }));
  }
  gateway.on('connectionError', ({ error }) => {
    // A client that is done may leave answers unread, which resets its connection.
    if (!LEFT.includes((error as NodeJS.ErrnoException).code ?? '')) trouble.push({ event: 'connectionError', error });
  });
  const { port } = await gateway.listen();
  return {
    gateway,
    port,
    bootstrap: `127.0.0.1:${port}`,
    asked,
    trouble,
    [Symbol.asyncDispose]: () => gateway.close({ drainTimeoutMs: 0 }),
  };
}

const inCi = !['', '0', 'false', undefined].includes(process.env['CI']);

/** Leaves the test out when a client is not installed; on a CI machine, which has to have them all, fails it. */
export async function requireClient(context: TestContext, client: Client): Promise<void> {
  try {
    await context.annotate(`${client.name} ${await client.version()}`, 'client');
  } catch (cause) {
    const why = `${client.name} is not installed: run test/interop/install.sh`;
    if (inCi) throw new Error(why, { cause });
    context.skip(why);
  }
}

/** Puts what a client printed, and what it had asked of the gateway, into the report of the test. */
export async function show(context: TestContext, run: ClientRun, { asked }: RunningStub): Promise<void> {
  const lines = [
    `$ ${withoutFolders(run.command)}`,
    ...lineList(run.stdout),
    ...lineList(run.stderr).map((line) => `stderr: ${line}`),
    `exit code ${run.exitCode}`,
    ...(asked.length > 0 ? [`asked: ${countRepeats(asked).join(', ')}`] : []),
  ];
  await context.annotate(lines.map(clip).join('\n'), 'output');
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

/** Leaves out what differs from machine to machine. */
function withoutFolders(command: string): string {
  return command.replace(/\S*\/(?=test\/interop\/)/g, '').replace(process.execPath, 'node');
}

function lineList(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function clip(line: string): string {
  return line.length > 400 ? `${line.slice(0, 400)} ...` : line;
}

function countRepeats(items: readonly string[]): string[] {
  const runs: { item: string; count: number }[] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last?.item === item) last.count++;
    else runs.push({ item, count: 1 });
  }
  return runs.map(({ item, count }) => (count === 1 ? item : `${count} x ${item}`));
}
