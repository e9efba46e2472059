import { checkInteger, checkOptionNames, MAX_TIMER_MS, OptionError } from '../../src/contract/index.js';
import { Addresses, type IggyAddress } from './sdk/addresses.js';
import { type IggyClient, isIggyClient } from './sdk/client.js';
import { DURABILITIES, type IggyDurability } from './sdk/durability.js';
import { DEFAULT_STATE_TOPIC } from './state/state-topic.js';

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
   * Makes a client that connects to an address. It is called for each connection, and again for one that broke or hung; what
   * it makes is closed here. The address is one of `addresses`; a function that decides itself where to connect ignores it.
   * The SDK's own `reconnect` is best turned off for these.
   */
  readonly connect?: ((address: IggyAddress) => IggyClient | Promise<IggyClient>) | undefined;
  /**
   * The nodes of an Iggy cluster, each as `{ host, port }` or as `host:port` with an IPv6 address in brackets; 1 to 100,
   * and only with `connect`. The first is dialled first. When a dial fails or the node gives no answer, the next one is
   * dialled at once, and a failed one rests for 50 to 2000 ms. Default: `127.0.0.1:8090`.
   */
  readonly addresses?: readonly (IggyAddress | string)[] | undefined;
  /**
   * Commands in flight at most, each on a client of its own, from 1 to 100. Clients are made when they are needed. Commands
   * that take longer than 500 ms do not count: they may take as many clients again. Default: 4.
   */
  readonly connections?: number | undefined;
  /** Name of the stream whose topics are Kafka's topics, 1 to 255 bytes. */
  readonly stream: string;
  /** Whether the stream is made when there is none. Default: true. */
  readonly createStream?: boolean | undefined;
  /**
   * Name of the internal topics in the stream that hold committed offsets, groups and the like, with numbers behind it.
   * Kafka's clients do not see them, nor those of other gateways whose names begin with `__kafka_gateway_state`. Of
   * gateways with the same name and stream, the one that was opened last has them. It must not be the name of another
   * gateway's topics with a number behind it.
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
  /**
   * Milliseconds after which a command without an answer is given up, and its connection; from 100. Iggy's SDK repeats a
   * command that the server does not take for 30 s by itself: below that, the reason never arrives. A node that answers
   * no other connection either is given up after 10 s. Default: 35000.
   */
  readonly commandTimeoutMs?: number | undefined;
  /** Milliseconds for which a command waits for a connection; from 1. Default: 5000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How often topics are looked at that appear, change or vanish on Iggy's side, in ms; from 10. Default: 1000. */
  readonly topicsRefreshMs?: number | undefined;
  /**
   * How often the server is asked for messages that Iggy clients append, while consumers wait, in ms from 1. Default: every
   * 5 ms after messages have come, slowing down to every 100 ms.
   */
  readonly pollInterval?:
    { readonly minIntervalMs?: number | undefined; readonly maxIntervalMs?: number | undefined } | undefined;
  /** Bytes of messages that are held for the next fetches, over all topics; from 65536. Default: 64 MiB. */
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

/** The options, checked, with their defaults. */
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
/** Above the 30 s for which the SDK repeats a command, so that what the server says arrives. */
const DEFAULT_COMMAND_TIMEOUT_MS = 35_000;

/** Options of 0.1, by their old names. */
export const RENAMED_IGGY_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['enforceFsync', "durability; expected durability: 'power' for true, 'process' (the default) or 'none' for false"],
]);
const RENAMED_INTERVALS: ReadonlyMap<string, string> = new Map([
  ['leastMs', 'minIntervalMs'],
  ['mostMs', 'maxIntervalMs'],
]);

/** @throws OptionError naming the option and its value. */
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
  // Room for the numbers behind it.
  requireName('stateTopic', stateTopic, 240);
  if (/\.shard-\d+$/.test(stateTopic)) {
    throw new OptionError(
      'stateTopic',
      stateTopic,
      'expected another end than .shard- and a number, which topics of the state have',
    );
  }
  const { importOffsets = [] } = options;
  // A text has letters, which would all be groups.
  const isArray: boolean = Array.isArray(importOffsets);
  if (!isArray) throw new OptionError('importOffsets', importOffsets, 'it is an array of groups');
  // Iggy's names have 255 bytes.
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
