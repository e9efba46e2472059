import { type Backend, type BackendStatus, errorName, KafkaError } from 'iggy-gateway-kafka';
import { apiVersionsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type LogLevel, logEvents } from '../../src/cli/log.js';
import { start } from '../support/gateways.js';
import { WireClient } from '../support/wire-client.js';

const FROM = /connection-\d+ 127\.0\.0\.1 \d+/.source;
const METADATA = { topics: [{ name: 'topic' }] };

/** What is logged of a gateway where everything goes wrong that can. */
async function everything(level: LogLevel): Promise<string[]> {
  const lines: string[] = [];
  let turnAway = false;
  let reportStatus: (status: BackendStatus) => void = () => undefined;
  const backend: Backend = {
    name: 'failing',
    bound: (handle) => {
      reportStatus = (status) => handle.reportStatus(status);
    },
    metadata: (_request, { apiVersion }) => {
      throw apiVersion === 0 ? new KafkaError(3) : new Error('broken\n  in two');
    },
    connect: () => {
      if (turnAway) throw new Error('turned away');
    },
  };
  const { gateway, port, connect } = await start({ backend, maxConnections: 1, onUnsupportedVersion: 'close' });
  logEvents(gateway, level, errorName, (line) => lines.push(line));
  gateway.on('error', () => undefined);
  const successor = { host: '10.0.0.8', port: 9093 };
  for (let times = 0; times < 2; times++) reportStatus({ state: 'overtaken', successor });
  expect(gateway.stats().backendStatus).toEqual({ state: 'overtaken', successor });
  reportStatus({ state: 'active', successor: null });
  gateway.once('disconnect', () => {
    throw new Error('broken listener');
  });
  const left = (): Promise<void> => vi.waitFor(() => expect(gateway.stats().connections).toBe(0));

  const client = await connect();
  await client.send(apiVersionsApi, 0, {}, { clientId: null });
  await client.send(metadataApi, 0, METADATA, { clientId: 'evil\u001b[2J\n' });
  await client.send(metadataApi, 1, METADATA);
  const software = { clientSoftwareName: 'a', clientSoftwareVersion: '1' };
  await client.send(apiVersionsApi, 99, software);
  const oneTooMany = await WireClient.connect(port);
  onTestFinished(() => oneTooMany.close());
  await oneTooMany.closed;
  client.post(metadataApi, 99, { topics: [] });
  await client.closed;
  await left();

  const garbling = await connect();
  garbling.sendRaw(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  await garbling.closed;
  await left();

  turnAway = true;
  await (
    await connect()
  ).closed;
  await left();
  return lines;
}

const PROBLEMS = [
  /^backend status: overtaken by 10\.0\.0\.8:9093$/,
  /^backend status: active$/,
  new RegExp(`^request error ${FROM}: metadata v1, backend failing: Error: broken in two`),
  new RegExp(`^unsupported version ${FROM}: ApiVersions v99$`),
  new RegExp(`^connection error ${FROM}: more than 1 connections$`),
  new RegExp(`^unsupported version ${FROM}: Metadata v99, connection closed$`),
  /^error: a listener of the gateway's 'disconnect' event failed: Error: broken listener$/,
  new RegExp(`^request error ${FROM}: connect, backend failing: Error: turned away`),
  new RegExp(`^protocol error ${FROM}: a frame of -1 bytes`),
];

test('info tells every failure in one line, and nothing else', async () => {
  const lines = await everything('info');
  for (const problem of PROBLEMS) expect(lines).toContainEqual(expect.stringMatching(problem));
  expect(lines.filter((line) => !PROBLEMS.some((problem) => problem.test(line)))).toEqual([]);
  expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
  expect(lines.filter((line) => line.includes(' at '))).toEqual([]);
});

test('debug tells every connection and request as well, and where a failure comes from', async () => {
  const lines = await everything('debug');
  for (const line of [
    ...PROBLEMS,
    new RegExp(`^connection ${FROM}$`),
    new RegExp(`^disconnect ${FROM}$`),
    new RegExp(`^request ${FROM}: apiVersions v0 id 1, no client id, \\d+ bytes$`),
    new RegExp(`^response ${FROM}: apiVersions v0 id 1, \\d+ bytes, NONE, [\\d.]+ ms$`),
    new RegExp(`^request ${FROM}: metadata v0 id 2, "evil\\\\u001b\\[2J\\\\n", \\d+ bytes$`),
    new RegExp(`^response ${FROM}: metadata v0 id 2, \\d+ bytes, UNKNOWN_TOPIC_OR_PARTITION, [\\d.]+ ms$`),
    / at .*cli-log\.test\.ts/,
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(line));
  }
  expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
});

test('quiet tells nothing', async () => {
  expect(await everything('quiet')).toEqual([]);
});

test('an API that Kafka does not have is told by its key', async () => {
  const { gateway, connect } = await start();
  const lines: string[] = [];
  logEvents(gateway, 'info', errorName, (line) => lines.push(line));
  const client = await connect();
  // API key 999, version 7, correlation id 1, no client id.
  client.sendRaw(Buffer.from('0000000a03e7000700000001ffff', 'hex'));
  await client.next();
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^unsupported version ${FROM}: API 999 v7$`))]);
});

test.each([
  ['info', false],
  ['debug', true],
] as const)('a client that resets its connection: %s logs it: %s', async (level, logged) => {
  const { gateway, connect } = await start();
  const lines: string[] = [];
  logEvents(gateway, level, errorName, (line) => lines.push(line));
  const failed = new Promise((resolve) => gateway.on('connectionError', resolve));
  const client = await connect();
  await client.send(metadataApi, 9, METADATA);
  client.reset();
  expect(await failed).toMatchObject({ error: { code: 'ECONNRESET' } });
  expect(lines.some((line) => new RegExp(`^connection error ${FROM}: read ECONNRESET$`).test(line))).toBe(logged);
  expect(lines.length > 0).toBe(logged);
});

test('quiet keeps a failing backend from becoming a process warning', async () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => warnings.mockRestore());
  await everything('quiet');
  expect(warnings).not.toHaveBeenCalled();
});
