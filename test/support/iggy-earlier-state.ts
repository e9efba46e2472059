// State as release 0.1 kept it at Iggy, in topics with a number behind the prefix.

import { readFileSync } from 'node:fs';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { encodeEntry, type StateEntry } from '../../adapters/iggy/state/state-entry.js';
import type { StandIn } from './iggy-stand-in.js';

const FIXTURE = new URL('../../fixtures/state/iggy/0.1.0.json', import.meta.url);

/** Bytes of entries. */
export type Payloads = readonly Buffer[];

/** What release 0.1.0 wrote into its only topic. */
export function earlierEntries(): Payloads {
  const { topics } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as { topics: { entries: string[] }[] };
  return topics.flatMap(({ entries }) => entries.map((entry) => Buffer.from(entry, 'base64')));
}

/** Bytes of one entry, of an opening and with its number in that. */
export function entryOf(epoch: number, count: number, entry: Partial<StateEntry> & Pick<StateEntry, 'kind'>): Buffer {
  return encodeEntry({ key: '', value: Buffer.alloc(0), ...entry, sequence: epoch * 2 ** 32 + count });
}

/** Creates the stream, and the topic of a number or of another name of the state, with entries. */
export async function writeTopic(iggy: StandIn, number: number | string, payloads: Payloads): Promise<void> {
  const client = iggy.connect();
  if ((await client.stream.get({ streamId: 'kafka' })) === null) await client.stream.create({ name: 'kafka' });
  const name = `__kafka_gateway_state.${String(number)}`;
  await client.topic.create({ streamId: 'kafka', name, partitionCount: 1, compressionAlgorithm: 1 });
  if (payloads.length > 0) await appendTo(iggy, number, payloads);
}

/** Appends entries to a topic of the state. */
export async function appendTo(iggy: StandIn, number: number | string, payloads: Payloads): Promise<void> {
  await iggy.connect().message.send({
    streamId: 'kafka',
    topicId: `__kafka_gateway_state.${String(number)}`,
    partition: { kind: 2, value: 0 },
    messages: payloads.map((payload) => ({ payload })),
  });
}

/** Names of the topics of the state, without the prefix. */
export async function stateTopics(iggy: StandIn): Promise<string[]> {
  const topics = await iggy.connect().topic.list({ streamId: 'kafka' });
  return topics
    .map(({ name }) => name.split('__kafka_gateway_state.')[1])
    .filter((name) => name !== undefined)
    .sort();
}

/** Entries of a topic of the state. */
export async function entriesOf(iggy: StandIn, number: number | string): Promise<Payloads> {
  const { messages } = await iggy.connect().message.poll({
    streamId: 'kafka',
    topicId: `__kafka_gateway_state.${String(number)}`,
    consumer: { kind: 1, id: 1 },
    partitionId: 0,
    pollingStrategy: { kind: 1, value: 0n },
    count: 10_000,
    autocommit: false,
  });
  return messages.map(({ payload }) => payload);
}

/** Clients of a process that dies with a command: before the server does it, or once it has. */
export interface Dying {
  readonly connect: () => IggyClient;
  /** Commands that were asked, up to the one that was the last. */
  readonly commands: string[];
  readonly isDead: () => boolean;
}

/** Makes clients of a process that dies with the command of a number, from 0, and then calls a function. */
export function dyingAt(iggy: StandIn, last: number, when: 'before' | 'after', died: () => void): Dying {
  const commands: string[] = [];
  let isDead = false;
  const gone = (): Error => new Error('connection closed while waiting for response');
  const through = (name: string, run: (args: unknown) => Promise<unknown>) => async (args: unknown) => {
    if (isDead) throw gone();
    commands.push(name);
    if (commands.length <= last) return run(args);
    isDead = true;
    if (when === 'after') await run(args);
    died();
    throw gone();
  };
  const connect = (): IggyClient => {
    const client = iggy.connect();
    const wrap = <Group extends keyof IggyClient>(group: Group): IggyClient[Group] =>
      new Proxy(client[group] as object, {
        get: (target, key) => {
          const run = Reflect.get(target, key) as (args: unknown) => Promise<unknown>;
          return through(`${group}.${String(key)}`, run);
        },
      }) as IggyClient[Group];
    return { ...client, message: wrap('message'), stream: wrap('stream'), topic: wrap('topic') };
  };
  return { connect, commands, isDead: () => isDead };
}
