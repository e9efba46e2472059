import { checkOptionNames, OptionError } from '../../src/contract.js';
import { type IggyClient, isIggyClient } from './sdk/client.js';
import { DURABILITIES, type IggyDurability } from './topic-configs.js';

/** Options of {@link createIggyStore}. */
export interface IggyStoreOptions {
  /**
   * A client of Iggy's Node SDK, ready to be used; it stays yours. All goes over its one connection, one command at a time.
   * One of `client`, `clients` and `connect` is needed.
   */
  readonly client?: IggyClient | undefined;
  /** Several clients, ready to be used, that work in parallel; they stay yours. */
  readonly clients?: readonly IggyClient[] | undefined;
  /**
   * Makes a client. It is called for each connection, and again for one that broke or hung; what it makes is closed here.
   * The SDK's own `reconnect` is best turned off for these.
   */
  readonly connect?: (() => IggyClient | Promise<IggyClient>) | undefined;
  /** How many clients `connect` is asked for at most, from 1 to 100. They are made when they are needed. Default: 4. */
  readonly connections?: number | undefined;
  /** Name of the stream whose topics are Kafka's topics, 1 to 255 bytes. */
  readonly stream: string;
  /** Whether the stream is made when there is none. Default: true. */
  readonly createStream?: boolean | undefined;
  /**
   * Name of the internal topics in the stream that hold committed offsets, groups and the like, with a number behind it.
   * Kafka's clients do not see them, nor those of other gateways whose names begin with `__kafka_gateway_state`. Of
   * gateways with the same name and stream, the one that was opened last has them.
   * Default: `__kafka_gateway_state`.
   */
  readonly stateTopic?: string | undefined;
  /**
   * Groups whose committed offsets are taken over from Iggy's Kafka gateway in Rust, which keeps them at Iggy under
   * `kafka.cg.` and the group: each once, when the store opens, for partitions that it has no offset for here. It needs a
   * server that shows them (newer than 0.9.0-edge.5). Default: none.
   */
  readonly importOffsets?: readonly string[] | undefined;
  /**
   * Whether what groups commit is shown to Iggy's tools as well: as the stored offset of a consumer `kafka.cg.` and the
   * group, on each partition. The internal topic stays the place that is gone by. Iggy drops nothing that such a group has
   * not read yet. Default: false.
   */
  readonly mirrorOffsets?: boolean | undefined;
  /**
   * What acknowledged records survive in topics that are created here. `process`: the server saves them to its files
   * before it confirms them, so they survive its killed process. `power`: it syncs the files as well (fsync), so they
   * survive a loss of power. `none`: it confirms what it has in memory, and a killed server loses up to 1024 messages or
   * 1 MiB of each partition. Iggy cannot change it later; a topic that promises less is reported to `warn` at the first
   * append to it. The internal topics always have `power`. Default: `process`.
   */
  readonly durability?: IggyDurability | undefined;
  /** Milliseconds after which a command without an answer is given up, and its connection; from 100. Default: 15000. */
  readonly commandTimeoutMs?: number | undefined;
  /** Milliseconds for which a command waits for a connection; from 1. Default: 5000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How often topics are looked at that appear, change or vanish on Iggy's side, in ms; from 10. Default: 1000. */
  readonly topicsRefreshMs?: number | undefined;
  /**
   * How often the server is asked for messages that Iggy clients append, while consumers wait, in ms from 1. Default: every
   * 5 ms after messages have come, slowing down to every 100 ms.
   */
  readonly pollInterval?: { readonly leastMs?: number | undefined; readonly mostMs?: number | undefined } | undefined;
  /** Bytes of messages that are held for the next fetches, over all topics; from 65536. Default: 64 MiB. */
  readonly readAheadBytes?: number | undefined;
}

export const IGGY_OPTION_NAMES: readonly string[] = Object.keys({
  stream: true,
  connect: true,
  client: true,
  clients: true,
  connections: true,
  createStream: true,
  stateTopic: true,
  durability: true,
  commandTimeoutMs: true,
  connectTimeoutMs: true,
  topicsRefreshMs: true,
  pollInterval: true,
  readAheadBytes: true,
  importOffsets: true,
  mirrorOffsets: true,
} satisfies Record<keyof IggyStoreOptions, true>);

/** The options, checked, with their defaults. */
export interface IggyStoreSettings {
  readonly connect: (() => IggyClient | Promise<IggyClient>) | undefined;
  readonly clients: readonly IggyClient[];
  readonly connections: number;
  readonly stream: string;
  readonly createStream: boolean;
  readonly stateTopic: string;
  readonly importOffsets: readonly string[];
  readonly mirrorOffsets: boolean;
  readonly durability: IggyDurability;
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly topicsRefreshMs: number;
  readonly pace: { readonly leastMs: number; readonly mostMs: number };
  readonly readAheadBytes: number;
}

/** What the names of the internal topics begin with, unless they are told another. */
export const STATE_TOPIC = '__kafka_gateway_state';

const MAX_CONNECTIONS = 100;
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Rejects unknown options, and those of 0.1 that have another name now.
 *
 * @throws OptionError naming the option and its value, and what it should be.
 */
export function checkIggyOptionNames(options: unknown, names: readonly string[]): void {
  if (typeof options === 'object' && options !== null && 'enforceFsync' in options) {
    const meant = "expected durability: 'power' for true, 'process' (the default) or 'none' for false";
    throw new OptionError('enforceFsync', options.enforceFsync, `renamed to durability; ${meant}`);
  }
  checkOptionNames('', options, names);
}

/** @throws OptionError naming the option and its value. */
export function iggyStoreSettings(options: IggyStoreOptions): IggyStoreSettings {
  checkIggyOptionNames(options, IGGY_OPTION_NAMES);
  const { client, clients, connect, stream, createStream = true, stateTopic = STATE_TOPIC } = options;
  const { pollInterval = {} } = options;
  const given = [client, clients, connect].filter((each) => each !== undefined);
  if (given.length === 0) throw new OptionError('client', client, 'one of client, clients and connect is needed');
  if (given.length > 1) throw new OptionError('client', client, 'only one of client, clients and connect can be given');
  if (connect !== undefined && typeof connect !== 'function') {
    throw new OptionError('connect', connect, 'it is a function that makes a client');
  }
  const ready = client === undefined ? (clients ?? []) : [client];
  if (clients?.length === 0) throw new OptionError('clients', clients, 'at least one is needed');
  for (const each of ready) requireClient(client === undefined ? 'clients' : 'client', each);
  requireName('stream', stream, 255);
  // Room for the number behind it.
  requireName('stateTopic', stateTopic, 240);
  const { importOffsets = [] } = options;
  // A text has letters, which would all be groups.
  const isArray: boolean = Array.isArray(importOffsets);
  if (!isArray) throw new OptionError('importOffsets', importOffsets, 'it is an array of groups');
  // Iggy's names have 255 bytes.
  for (const group of importOffsets) requireName('importOffsets', group, 246);
  checkOptionNames('pollInterval.', pollInterval, ['leastMs', 'mostMs']);
  const leastMs = whole('pollInterval.leastMs', pollInterval.leastMs ?? 5, 1, LONGEST_MS);
  return {
    connect,
    clients: ready,
    connections: whole('connections', options.connections ?? 4, 1, MAX_CONNECTIONS),
    stream,
    createStream,
    stateTopic,
    importOffsets,
    mirrorOffsets: options.mirrorOffsets ?? false,
    durability: requireDurability(options.durability ?? 'process'),
    commandTimeoutMs: whole('commandTimeoutMs', options.commandTimeoutMs ?? 15_000, 100, LONGEST_MS),
    connectTimeoutMs: whole('connectTimeoutMs', options.connectTimeoutMs ?? 5000, 1, LONGEST_MS),
    topicsRefreshMs: whole('topicsRefreshMs', options.topicsRefreshMs ?? 1000, 10, LONGEST_MS),
    pace: {
      leastMs,
      mostMs: whole('pollInterval.mostMs', pollInterval.mostMs ?? Math.max(100, leastMs), leastMs, LONGEST_MS),
    },
    readAheadBytes: whole('readAheadBytes', options.readAheadBytes ?? 64 * 1024 ** 2, 65_536, Number.MAX_SAFE_INTEGER),
  };
}

function whole(option: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new OptionError(option, value, `it is a whole number from ${String(least)} to ${String(most)}`);
}

function requireName(option: string, value: string, most: number): void {
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
  if (bytes >= 1 && bytes <= most) return;
  throw new OptionError(option, value, `it is a name of 1 to ${String(most)} bytes`);
}

function requireDurability(value: IggyDurability): IggyDurability {
  if (DURABILITIES.includes(value)) return value;
  throw new OptionError('durability', value, `expected one of ${DURABILITIES.join(', ')}`);
}

function requireClient(option: string, value: unknown): void {
  if (isIggyClient(value)) return;
  throw new OptionError(option, value, "it is a client of Iggy's Node SDK");
}
