import { checkInteger, checkOptionNames, MAX_TIMER_MS, OptionError } from '../../src/contract/index.js';
import { Addresses, type IggyAddress } from './sdk/addresses.js';
import { type IggyClient, isIggyClient } from './sdk/client.js';
import { DURABILITIES, type IggyDurability } from './sdk/durability.js';
import { DEFAULT_STATE_TOPIC } from './state/state-topic.js';

/** Options of {@link createIggyStore}. */
export interface IggyStoreOptions {
  /**
   * A connected client of Iggy's Node SDK. The caller closes it. All commands use its one connection, one at a time. Exactly
   * one of `client`, `clients` and `connect` is required.
   */
  readonly client?: IggyClient | undefined;
  /** Several connected clients, which are used in parallel. The caller closes them. */
  readonly clients?: readonly IggyClient[] | undefined;
  /**
   * Creates a client that connects to an address. Called for each connection, and again after a connection broke or hung. The
   * store closes these clients. The address is one of `addresses`; a function that chooses the server itself can ignore it.
   * Turn off the SDK option `reconnect` for these clients.
   */
  readonly connect?: ((address: IggyAddress) => IggyClient | Promise<IggyClient>) | undefined;
  /**
   * Nodes of an Iggy cluster, each as `{ host, port }` or `host:port`, with IPv6 addresses in brackets. From 1 to 100
   * addresses, only with `connect`. The first address is dialled first. When a dial fails or a node does not respond, the
   * next address is dialled immediately, and the failed one is skipped for 50 to 2000 ms. Default: `127.0.0.1:8090`.
   */
  readonly addresses?: readonly (IggyAddress | string)[] | undefined;
  /**
   * Maximum number of commands in flight, from 1 to 100. Each uses its own client; clients are created on demand. Commands
   * that take longer than 500 ms do not count towards the limit, and may use the same number of clients again. Default: 4.
   */
  readonly connections?: number | undefined;
  /** Name of the stream whose topics are the Kafka topics, 1 to 255 bytes. */
  readonly stream: string;
  /** Whether to create the stream if it does not exist. Default: true. */
  readonly createStream?: boolean | undefined;
  /**
   * Prefix of the names of the internal topics, which store committed offsets, groups and other state. The names end in
   * numbers. Kafka clients do not see these topics, nor those of other gateways whose names start with
   * `__kafka_gateway_state`. If several gateways use the same prefix and stream, the gateway that was opened last owns the
   * state. The prefix must not be the prefix of another gateway followed by a number. From 1 to 240 bytes.
   * Default: `__kafka_gateway_state`.
   */
  readonly stateTopic?: string | undefined;
  /**
   * Groups whose committed offsets are imported from Iggy's Kafka gateway in Rust. That gateway stores them as offsets of
   * the consumer `kafka.cg.` plus the group. Each group is imported once, when the store opens, for partitions without a
   * committed offset here. Requires a server that returns these offsets (newer than 0.9.0-edge.5). Default: none.
   */
  readonly importOffsets?: readonly string[] | undefined;
  /**
   * Whether to copy committed offsets to Iggy, so that its tools show them: as the stored offset of the consumer `kafka.cg.`
   * plus the group, for each partition. The internal topics remain authoritative. Iggy does not drop messages that such a
   * group has not read yet. Default: false.
   */
  readonly mirrorOffsets?: boolean | undefined;
  /**
   * Failures that acknowledged records survive, in topics that this store creates. `process`: the server writes messages to
   * its files before it confirms them, so they survive a killed server. `power`: the server also syncs the files (fsync), so
   * they survive a power failure. `none`: the server confirms messages in memory, and a killed server loses up to 1024
   * messages or 1 MiB of each partition. Iggy cannot change the durability of an existing topic. A topic with a lower one is
   * reported to `warn` at the first append to it. The internal topics always have `power`. Default: `process`.
   */
  readonly durability?: IggyDurability | undefined;
  /**
   * Milliseconds after which a command without a response fails and its connection is closed; from 100. Iggy's SDK itself
   * repeats a command that the server does not accept for 30 s; with a shorter timeout, the reason is never reported. If a
   * node does not respond on any other connection either, the timeout is 10 s. Default: 35000.
   */
  readonly commandTimeoutMs?: number | undefined;
  /** Maximum time in milliseconds that a command waits for a connection; from 1. Default: 5000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Interval in milliseconds of checks for topics that Iggy clients created, changed or deleted; from 10. Default: 1000. */
  readonly topicsRefreshMs?: number | undefined;
  /**
   * Interval in milliseconds of polls for messages from Iggy clients while consumers wait; from 1. It is `minIntervalMs`
   * after messages have arrived, and grows up to `maxIntervalMs`. Default: 5 and 100.
   */
  readonly pollInterval?:
    { readonly minIntervalMs?: number | undefined; readonly maxIntervalMs?: number | undefined } | undefined;
  /** Maximum size in bytes of messages buffered for later fetches, over all topics; from 65536. Default: 64 MiB. */
  readonly readAheadBytes?: number | undefined;
}

export const IGGY_OPTION_NAMES: readonly string[] = Object.keys({
  stream: true,
  connect: true,
  addresses: true,
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

/** Validated options with defaults. */
export interface IggyStoreSettings {
  readonly connect: ((address: IggyAddress) => IggyClient | Promise<IggyClient>) | undefined;
  readonly addresses: Addresses;
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
  readonly pace: { readonly minIntervalMs: number; readonly maxIntervalMs: number };
  readonly readAheadBytes: number;
}

const MAX_CONNECTIONS = 100;
const MAX_ADDRESSES = 100;
const DEFAULT_ADDRESS: IggyAddress = { host: '127.0.0.1', port: 8090 };
/** Above the 30 s for which the SDK retries a command, so that the response of the server arrives. */
const DEFAULT_COMMAND_TIMEOUT_MS = 35_000;

/** Options of release 0.1 that were renamed, by their old names. */
export const RENAMED_IGGY_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['enforceFsync', "durability; expected durability: 'power' for true, 'process' (the default) or 'none' for false"],
]);
const RENAMED_INTERVALS: ReadonlyMap<string, string> = new Map([
  ['leastMs', 'minIntervalMs'],
  ['mostMs', 'maxIntervalMs'],
]);

/** Returns the validated options with defaults. @throws OptionError that names the option and its value. */
export function iggyStoreSettings(options: IggyStoreOptions): IggyStoreSettings {
  checkOptionNames('', options, IGGY_OPTION_NAMES, RENAMED_IGGY_OPTIONS);
  const { client, clients, connect, stream, createStream = true, stateTopic = DEFAULT_STATE_TOPIC } = options;
  const { pollInterval = {} } = options;
  const [first, second] = Object.entries({ client, clients, connect }).filter(([, each]) => each !== undefined);
  if (first === undefined) throw new OptionError('client', client, 'one of client, clients and connect is needed');
  if (second !== undefined) throw new OptionError(...first, 'only one of client, clients and connect can be given');
  if (connect !== undefined && typeof connect !== 'function') {
    throw new OptionError('connect', connect, 'it is a function that makes a client');
  }
  const ready = client === undefined ? (clients ?? []) : [client];
  if (clients?.length === 0) throw new OptionError('clients', clients, 'at least one is needed');
  for (const each of ready) requireClient(client === undefined ? 'clients' : 'client', each);
  requireName('stream', stream, 255);
  // Leave room for the suffix with numbers.
  requireName('stateTopic', stateTopic, 240);
  if (/\.shard-\d+$/.test(stateTopic)) {
    throw new OptionError(
      'stateTopic',
      stateTopic,
      'expected another end than .shard- and a number, which topics of the state have',
    );
  }
  const { importOffsets = [] } = options;
  // A string is iterable, and each of its letters would become a group.
  const isArray: boolean = Array.isArray(importOffsets);
  if (!isArray) throw new OptionError('importOffsets', importOffsets, 'it is an array of groups');
  // Iggy's names have up to 255 bytes, including the prefix `kafka.cg.`.
  for (const group of importOffsets) requireName('importOffsets', group, 246);
  checkOptionNames('pollInterval.', pollInterval, ['minIntervalMs', 'maxIntervalMs'], RENAMED_INTERVALS);
  const minIntervalMs = checkInteger('pollInterval.minIntervalMs', pollInterval.minIntervalMs ?? 5, 1, MAX_TIMER_MS);
  return {
    connect,
    addresses: addressesOf(options),
    clients: ready,
    connections: checkInteger('connections', options.connections ?? 4, 1, MAX_CONNECTIONS),
    stream,
    createStream,
    stateTopic,
    importOffsets,
    mirrorOffsets: options.mirrorOffsets ?? false,
    durability: requireDurability(options.durability ?? 'process'),
    commandTimeoutMs: checkInteger(
      'commandTimeoutMs',
      options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS,
      100,
      MAX_TIMER_MS,
    ),
    connectTimeoutMs: checkInteger('connectTimeoutMs', options.connectTimeoutMs ?? 5000, 1, MAX_TIMER_MS),
    topicsRefreshMs: checkInteger('topicsRefreshMs', options.topicsRefreshMs ?? 1000, 10, MAX_TIMER_MS),
    pace: {
      minIntervalMs,
      maxIntervalMs: checkInteger(
        'pollInterval.maxIntervalMs',
        pollInterval.maxIntervalMs ?? Math.max(100, minIntervalMs),
        minIntervalMs,
        MAX_TIMER_MS,
      ),
    },
    readAheadBytes: checkInteger('readAheadBytes', options.readAheadBytes ?? 64 * 1024 ** 2, 65_536),
  };
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

function addressesOf({ addresses, connect }: IggyStoreOptions): Addresses {
  if (addresses === undefined) return new Addresses([DEFAULT_ADDRESS], false);
  const isArray: boolean = Array.isArray(addresses);
  if (!isArray || addresses.length < 1 || addresses.length > MAX_ADDRESSES) {
    throw new OptionError('addresses', addresses, `expected an array of 1 to ${String(MAX_ADDRESSES)} addresses`);
  }
  if (connect === undefined)
    throw new OptionError('addresses', addresses, 'expected connect with it, which dials them');
  return new Addresses(addresses.map(addressOf), true);
}

function addressOf(given: IggyAddress | string): IggyAddress {
  const address = typeof given === 'string' ? parseAddress(given) : given;
  const { host = '', port = 0 } = (address as Partial<IggyAddress> | null) ?? {};
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65535;
  if (typeof host === 'string' && host !== '' && isPort) return { host, port };
  throw new OptionError('addresses', given, 'expected { host, port } or "host:port", a port from 1 to 65535');
}

function parseAddress(text: string): IggyAddress | null {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? null : { host, port: Number(port) };
}

function requireClient(option: string, value: unknown): void {
  if (isIggyClient(value)) return;
  throw new OptionError(option, value, "it is a client of Iggy's Node SDK");
}
