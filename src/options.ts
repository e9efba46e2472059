import { EventEmitter } from 'node:events';
import { isIPv6 } from 'node:net';
import { distance } from 'fastest-levenshtein';
import type { ApiName, Backend, VersionRange } from './contract/index.js';
import { GatewayError, OptionError } from './errors.js';
import { isPromise } from './awaitable.js';
import { checkInteger, MAX_INT32 } from './checks.js';
import { checkOptionNames, nearestName } from './option-names.js';
import { apis } from './protocol/apis.js';

/** The address that a gateway binds and the address that it advertises to clients. */
export interface ListenerOptions {
  /** Address or host name to bind, 1 to 32767 bytes. Default: `127.0.0.1`. */
  readonly host?: string | undefined;
  /** TCP port to bind, 0 to 65535. With 0 the system chooses a free port. Default: 9093. */
  readonly port?: number | undefined;
  /**
   * The address that clients connect to: a host name or address of 1 to 32767 bytes, and a port from 1 to 65535. Default:
   * the bound address and port. The host is required if `host` is a wildcard (`0.0.0.0`, `::`), because clients cannot
   * connect to a wildcard.
   */
  readonly advertised?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /** Maximum number of connections that the system queues before they are accepted, 1 to 65535. Default: 1024. */
  readonly backlog?: number | undefined;
}

/** Options of {@link createKafkaGateway}. */
export interface GatewayOptions {
  /** The listener. An array must have exactly one element: several listeners are not supported yet. */
  readonly listener?: ListenerOptions | readonly ListenerOptions[] | undefined;
  /** The backend that answers the requests. Default: the stub, which stores nothing. */
  readonly backend?: Backend | undefined;
  /** Allowed versions by API. Narrows the versions that the codecs support and the backend allows. Default: all of them. */
  readonly versions?: Partial<Record<ApiName, VersionRange>> | undefined;
  /** Whether to allow and advertise versions that Kafka marks as unstable. Default: false. */
  readonly allowUnstableVersions?: boolean | undefined;
  /**
   * How to handle a request for an API or version that is not allowed: `respond` with UNSUPPORTED_VERSION, or `close` the
   * connection as Kafka does. Default: `respond`.
   */
  readonly onUnsupportedVersion?: 'respond' | 'close' | undefined;
  /** Maximum number of open connections, 1 to 1000000. Further connections are closed immediately. Default: 1024. */
  readonly maxConnections?: number | undefined;
  /**
   * Maximum size of a request in bytes, 64 to 2147483647. A larger request closes its connection. Default: 104857600
   * (100 MiB, as in Kafka).
   */
  readonly maxFrameBytes?: number | undefined;
  /**
   * Maximum number of bytes that all connections together may hold, 65536 to 9007199254740991. It covers requests that
   * are arriving or being handled, and responses that clients have not read. Above the limit, reading pauses. Default:
   * 536870912 (512 MiB).
   */
  readonly maxInFlightBytes?: number | undefined;
  /**
   * Maximum number of response bytes that one client may leave unread before its next request waits, 1024 to 2147483647.
   * Default: 1048576 (1 MiB).
   */
  readonly maxUnsentBytes?: number | undefined;
  /**
   * Maximum number of array elements in one request, 1 to 100000000. A request with more is treated as malformed.
   * Default: 1000000.
   */
  readonly maxDecodedElements?: number | undefined;
  /** Closes a connection after this many milliseconds without a request, 1 to 2147483647. Default: 600000 (10 min). */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * Closes a connection if a request has started to arrive and no further byte arrives for this many milliseconds, 1 to
   * 2147483647. Default: 15000.
   */
  readonly frameTimeoutMs?: number | undefined;
  /**
   * Closes a connection if responses are waiting and the client reads no byte of them for this many milliseconds, 1 to
   * 2147483647. Default: 600000 (10 min).
   */
  readonly writeTimeoutMs?: number | undefined;
  /**
   * Aborts a request after this many milliseconds and answers it with REQUEST_TIMED_OUT, 0 to 2147483647. With 0,
   * requests never time out. Default: 0.
   */
  readonly requestTimeoutMs?: number | undefined;
}

/** Checked options with all defaults filled in. */
export interface CheckedOptions {
  readonly host: string;
  readonly port: number;
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
  readonly backlog: number;
  readonly versions: Partial<Record<ApiName, VersionRange>>;
  readonly allowUnstableVersions: boolean;
  readonly onUnsupportedVersion: 'respond' | 'close';
  readonly maxConnections: number;
  readonly maxFrameBytes: number;
  readonly maxInFlightBytes: number;
  readonly maxUnsentBytes: number;
  readonly maxDecodedElements: number;
  readonly idleTimeoutMs: number;
  readonly frameTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** Numeric options: minimum, maximum, default. */
const NUMBERS = {
  maxConnections: [1, 1_000_000, 1024],
  maxFrameBytes: [64, MAX_INT32, 100 * 1024 * 1024],
  maxInFlightBytes: [64 * 1024, Number.MAX_SAFE_INTEGER, 512 * 1024 * 1024],
  maxUnsentBytes: [1024, MAX_INT32, 1024 * 1024],
  maxDecodedElements: [1, 100_000_000, 1_000_000],
  idleTimeoutMs: [1, MAX_INT32, 600_000],
  frameTimeoutMs: [1, MAX_INT32, 15_000],
  writeTimeoutMs: [1, MAX_INT32, 600_000],
  requestTimeoutMs: [0, MAX_INT32, 0],
} as const;

const OPTION_NAMES = [
  'listener',
  'backend',
  'versions',
  'allowUnstableVersions',
  'onUnsupportedVersion',
  ...Object.keys(NUMBERS),
];
/** Options of version 0.1 by their old names. */
const RENAMED_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['unsupported', "onUnsupportedVersion; expected 'respond' or 'close'"],
  ['unstableVersions', 'allowUnstableVersions'],
]);
const LISTENER_NAMES = ['host', 'port', 'advertised', 'backlog'];
const API_NAMES = apis.flatMap(({ method }) => method ?? []);
/** APIs that the gateway itself answers. */
const GATEWAY_OWNED: readonly string[] = ['apiVersions', 'saslHandshake', 'saslAuthenticate'];
/** Functions that any object may have. */
const OBJECT_FUNCTIONS = ['constructor', 'toString', 'toJSON', 'valueOf'];
const LIFE_CYCLE = ['open', 'bound', 'connect', 'disconnect', 'close', 'identity'];
/** Maximum edit distance between a function name and an API name; beyond it the function counts as a helper. */
const MAX_TYPOS = 2;
const MAX_HOST_BYTES = 32767;
/** Wildcard addresses as a URL spells them. */
const WILDCARDS = ['0.0.0.0', '[::]', '[::ffff:0:0]'];

/** Checks all options and fills in the defaults. @throws OptionError with the option and its value. */
export function checkOptions(options: GatewayOptions): CheckedOptions {
  checkPlaces(options);
  checkOptionNames('', options, OPTION_NAMES, RENAMED_OPTIONS);
  const numbers = {} as { -readonly [Name in keyof typeof NUMBERS]: number };
  for (const [name, [least, most, fallback]] of Object.entries(NUMBERS)) {
    const value = options[name as keyof typeof NUMBERS] ?? fallback;
    numbers[name as keyof typeof NUMBERS] = checkInteger(name, value, least, most);
  }
  const onUnsupportedVersion = options.onUnsupportedVersion ?? 'respond';
  if (!['respond', 'close'].includes(onUnsupportedVersion)) {
    throw new OptionError('onUnsupportedVersion', onUnsupportedVersion, `expected 'respond' or 'close'`);
  }
  return {
    ...checkListener(options.listener ?? {}),
    ...numbers,
    onUnsupportedVersion,
    allowUnstableVersions: checkBoolean('allowUnstableVersions', options.allowUnstableVersions ?? false),
    versions: checkVersions('versions', options.versions ?? {}),
  };
}

/** Correct places of options that are often misplaced at the top level. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ...LISTENER_NAMES.map((name): [string, string] => [name, `listener.${name}`]),
  ['advertisedHost', 'listener.advertised.host'],
  ['advertisedPort', 'listener.advertised.port'],
  ['store', 'backend: createBrokerBackend({ store })'],
  ['config', 'backend: createMemoryBackend({ config })'],
]);

function checkPlaces(options: unknown): void {
  if (typeof options !== 'object' || options === null) return;
  for (const [name, value] of Object.entries(options)) {
    const place = ELSEWHERE.get(name);
    if (place !== undefined) throw new OptionError(name, value, `there is no such option; did you mean ${place}?`);
  }
}

/** Checks that a value is a usable backend. @throws OptionError or GatewayError that describes the problem. */
export function checkBackend(backend: Backend): void {
  if (typeof backend === 'function') {
    throw new OptionError(
      'backend',
      backend,
      'expected a Backend: call the function, or make an instance of the class',
    );
  }
  if (typeof backend !== 'object' || backend === null) {
    throw new OptionError('backend', backend, 'it is an object with a method for each API');
  }
  if (isPromise(backend)) throw new OptionError('backend', backend, 'expected a Backend: await the promise');
  if (isLogStore(backend)) {
    const wanted = 'expected a Backend: wrap the LogStore in createBrokerBackend({ store })';
    throw new OptionError('backend', backend, wanted);
  }
  if (typeof backend.name !== 'string' || backend.name === '') {
    throw new OptionError('backend.name', backend.name, 'it is a string that is not empty');
  }
  checkVersions('backend.versions', backend.versions ?? {});
  const methods = API_NAMES.filter((name) => !GATEWAY_OWNED.includes(name));
  for (const name of [...methods, ...LIFE_CYCLE]) {
    const value = (backend as unknown as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && typeof value !== 'function') {
      throw new OptionError(`backend.${name}`, value, 'it is a function, or left out');
    }
  }
  const functions = functionNames(backend);
  for (const name of functions) {
    if (methods.includes(name as ApiName) || LIFE_CYCLE.includes(name) || name.startsWith('_')) continue;
    if (GATEWAY_OWNED.includes(name)) {
      throw new GatewayError('INVALID_BACKEND', `backend ${backend.name}: the gateway itself answers ${name}`);
    }
    const meant = findMistyped(name, methods);
    if (meant === null) continue;
    throw new GatewayError(
      'INVALID_BACKEND',
      `backend ${backend.name}: ${name} is neither an API nor part of the life cycle; ` +
        `did you mean ${meant}? (helpers: #${name} or _${name})`,
    );
  }
  if (!methods.some((name) => functions.includes(name))) {
    throw new GatewayError(
      'INVALID_BACKEND',
      `backend ${backend.name} has no method for any API; expected one, such as metadata`,
    );
  }
  warnOfGaps(backend.name, functions);
}

/**
 * Returns the method that a function name is probably a typo of, or null for a helper. Matches names within a small edit
 * distance of an API, names in another case, and names with an `on` or `handle` prefix such as `onConnect`.
 */
function findMistyped(name: string, methods: readonly ApiName[]): string | null {
  const bare = name.toLowerCase().replace(/^(on|handle)/, '');
  const same = [...methods, ...LIFE_CYCLE].find((method) => method.toLowerCase() === bare);
  if (same !== undefined) return same;
  const nearest = nearestName(name, methods);
  const maxDistance = Math.min(MAX_TYPOS, Math.floor(name.length / 4));
  return distance(name.toLowerCase(), nearest.toLowerCase()) <= maxDistance ? nearest : null;
}

/** Whether an object is a LogStore: a store has `append` and `read`, a backend has neither. */
function isLogStore(backend: object): boolean {
  const { append, read } = backend as { readonly append?: unknown; readonly read?: unknown };
  return typeof append === 'function' && typeof read === 'function';
}

/** Pairs of APIs: clients cannot use the first without the second. */
const COMPANIONS: readonly (readonly [string, string])[] = [
  ['produce', 'metadata'],
  ['fetch', 'metadata'],
  ['fetch', 'listOffsets'],
  ['joinGroup', 'heartbeat'],
  ['joinGroup', 'syncGroup'],
];

function warnOfGaps(backend: string, functions: readonly string[]): void {
  for (const [api, companion] of COMPANIONS) {
    if (!functions.includes(api) || functions.includes(companion)) continue;
    process.emitWarning(`backend ${backend} has ${api} but no ${companion}, which its clients need`, {
      type: 'KafkaGatewayWarning',
    });
  }
}

/** Returns the names of all functions of an object, including those of its classes. */
function functionNames(object: object): string[] {
  const names = new Set<string>();
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    if (at === EventEmitter.prototype) break;
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (!OBJECT_FUNCTIONS.includes(name) && typeof property.value === 'function') names.add(name);
    }
  }
  return [...names];
}

function checkListener(
  listener: ListenerOptions | readonly ListenerOptions[],
): Pick<CheckedOptions, 'host' | 'port' | 'advertisedHost' | 'advertisedPort' | 'backlog'> {
  if (isArray(listener)) {
    if (listener.length === 1 && !isArray(listener[0])) return checkListener(listener[0]!);
    throw new OptionError('listener', listener, 'one listener is supported');
  }
  checkOptionNames('listener.', listener, LISTENER_NAMES);
  const host = checkHost('listener.host', listener.host ?? '127.0.0.1');
  const port = checkInteger('listener.port', listener.port ?? 9093, 0, 65535);
  const backlog = checkInteger('listener.backlog', listener.backlog ?? 1024, 1, 65535);
  const { advertised = {} } = listener;
  checkOptionNames('listener.advertised.', advertised, ['host', 'port']);
  const advertisedHost = advertised.host === undefined ? null : checkHost('listener.advertised.host', advertised.host);
  const advertisedPort =
    advertised.port === undefined ? null : checkInteger('listener.advertised.port', advertised.port, 1, 65535);
  if (advertisedHost === null ? isWildcard(host) : isWildcard(advertisedHost)) {
    const wanted = `clients cannot connect to ${advertisedHost ?? host}: name the host that they should connect to`;
    throw new OptionError('listener.advertised.host', advertised.host, wanted);
  }
  return { host, port, advertisedHost, advertisedPort, backlog };
}

/** Whether a host is a wildcard address, in any spelling that a system accepts: `0`, `::0`, `::ffff:0.0.0.0`. */
function isWildcard(host: string): boolean {
  try {
    return WILDCARDS.includes(new URL(`http://${isIPv6(host) ? `[${host}]` : host}`).hostname);
  } catch {
    return false;
  }
}

function checkHost(option: string, value: unknown): string {
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
  if (typeof value !== 'string' || bytes === 0 || bytes > MAX_HOST_BYTES) {
    throw new OptionError(option, value, `it is a host name of 1 to ${String(MAX_HOST_BYTES)} bytes`);
  }
  if (!isIPv6(value) && /[\s:/[\]@]/.test(value)) {
    throw new OptionError(option, value, 'it is a host name or an address alone, without port, brackets or scheme');
  }
  return value;
}

function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError(option, value, 'it is true or false');
}

function checkVersions(
  option: string,
  value: Partial<Record<ApiName, VersionRange>>,
): Partial<Record<ApiName, VersionRange>> {
  if (typeof value !== 'object' || value === null) {
    throw new OptionError(option, value, 'it is an object such as { produce: { min: 3, max: 9 } }');
  }
  checkOptionNames(`${option}.`, value, API_NAMES);
  for (const [name, range] of Object.entries(value)) {
    if (range === undefined) continue;
    checkInteger(`${option}.${name}.min`, range?.min, 0, 32767);
    checkInteger(`${option}.${name}.max`, range?.max, range.min, 32767);
    const known = apis.find(({ method }) => method === name)?.versions;
    if (known && (range.min > known.max || range.max < known.min)) {
      const wanted = `${name} has versions ${String(known.min)} to ${String(known.max)}`;
      throw new OptionError(`${option}.${name}`, range, wanted);
    }
  }
  return value;
}

function isArray(value: unknown): value is readonly ListenerOptions[] {
  return Array.isArray(value);
}
