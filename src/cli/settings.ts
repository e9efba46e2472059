import type { CloseOptions, GatewayOptions, StubMode } from '../index.js';
import { type BackendName, backendNames } from './backends.js';
import { type LogLevel, logLevels } from './log.js';
import {
  assignments,
  choice,
  endpoint,
  type Given,
  host,
  hostMaybePort,
  type Parse,
  parseGiven,
  seconds,
  wholeNumber,
  wrongValue,
} from './values.js';

/** One setting of `serve`. */
interface Setting {
  /** Whether its flag may be given several times; the values become lines of one text. */
  readonly repeatable?: boolean;
  /** Its flag, with the placeholder of its value; absent for what has a variable only. */
  readonly flag?: `--${string} <${string}>`;
  readonly help?: string;
  /** Its environment variables: the first one that is there counts, and any flag before it. */
  readonly variables: readonly string[];
}

const DEFAULT_BACKEND: BackendName = 'memory';

const stubModes: readonly StubMode[] = ['retriable', 'accepting'];

type SettingName =
  | 'backend'
  | 'stubMode'
  | 'config'
  | 'memoryMaxBytes'
  | 'bind'
  | 'advertised'
  | 'advertisedHost'
  | 'advertisedPort'
  | 'maxConnections'
  | 'maxFrameSize'
  | 'maxInFlightBytes'
  | 'idleTimeoutSecs'
  | 'readTimeoutSecs'
  | 'writeTimeoutSecs'
  | 'shutdownDrainTimeoutSecs'
  | 'logLevel';

/** Every setting, by the name that commander gives to its flag. */
const SETTINGS: Readonly<Record<SettingName, Setting>> = {
  backend: {
    flag: '--backend <name>',
    help: `what answers the requests: ${backendNames.join(', ')} (default: ${DEFAULT_BACKEND})`,
    variables: ['IGGY_KAFKA_BACKEND'],
  },
  stubMode: {
    flag: '--stub-mode <mode>',
    help: 'what the stub says of what it does not do: retriable errors, or accepting (default: retriable)',
    variables: ['IGGY_KAFKA_STUB_MODE'],
  },
  config: {
    flag: '--config <name=value>',
    help: "a config of the memory backend's broker, such as num.partitions=3; may be given several times",
    variables: ['IGGY_KAFKA_CONFIG'],
    repeatable: true,
  },
  memoryMaxBytes: {
    flag: '--memory-max-bytes <bytes>',
    help: 'most memory that records may take in the memory backend (default: 1073741824)',
    variables: ['IGGY_KAFKA_MEMORY_MAX_BYTES'],
  },
  bind: {
    flag: '--bind <host:port>',
    help: 'address to listen on, IPv6 in brackets; port 0 for any (default: 127.0.0.1:9093)',
    variables: ['IGGY_KAFKA_BIND_ADDR', 'KAFKA_BIND_ADDR'],
  },
  advertised: {
    flag: '--advertised <host:port>',
    help: 'what clients are told to connect to, or the host alone (default: as bound)',
    variables: [],
  },
  advertisedHost: { variables: ['IGGY_KAFKA_ADVERTISED_HOST', 'KAFKA_ADVERTISED_HOST'] },
  advertisedPort: { variables: ['IGGY_KAFKA_ADVERTISED_PORT', 'KAFKA_ADVERTISED_PORT'] },
  maxConnections: {
    flag: '--max-connections <count>',
    help: 'most connections at once (default: 1024)',
    variables: ['IGGY_KAFKA_MAX_CONNECTIONS'],
  },
  maxFrameSize: {
    flag: '--max-frame-size <bytes>',
    help: 'longest request (default: 104857600)',
    variables: ['IGGY_KAFKA_MAX_FRAME_SIZE'],
  },
  maxInFlightBytes: {
    flag: '--max-in-flight-bytes <bytes>',
    help: 'what all connections may hold together before reading pauses (default: 536870912)',
    variables: ['IGGY_KAFKA_MAX_IN_FLIGHT_BYTES'],
  },
  idleTimeoutSecs: {
    flag: '--idle-timeout-secs <seconds>',
    help: 'time without a request (default: 600)',
    variables: ['IGGY_KAFKA_IDLE_TIMEOUT_SECS'],
  },
  readTimeoutSecs: {
    flag: '--read-timeout-secs <seconds>',
    help: 'time without a byte of a request that has begun (default: 15)',
    variables: ['IGGY_KAFKA_READ_TIMEOUT_SECS'],
  },
  writeTimeoutSecs: {
    flag: '--write-timeout-secs <seconds>',
    help: 'time without the client taking a byte of its answers (default: 600)',
    variables: ['IGGY_KAFKA_WRITE_TIMEOUT_SECS'],
  },
  shutdownDrainTimeoutSecs: {
    flag: '--shutdown-drain-timeout-secs <seconds>',
    help: 'time for requests in flight after SIGTERM or SIGINT (default: 25)',
    variables: ['IGGY_KAFKA_SHUTDOWN_DRAIN_TIMEOUT_SECS'],
  },
  logLevel: {
    flag: '--log-level <level>',
    help: `what is written to stderr: ${logLevels.join(', ')} (default: info)`,
    variables: ['IGGY_KAFKA_LOG_LEVEL'],
  },
};

/** The flags of `serve`, for its help and its parser. */
export const flags: readonly {
  readonly flag: string;
  readonly help: string;
  readonly repeatable: boolean;
}[] = Object.values(SETTINGS).flatMap(({ flag, help = '', variables, repeatable = false }) => {
  const variable = variables[0];
  return flag === undefined
    ? []
    : [{ flag, help: variable === undefined ? help : `${help} [${variable}]`, repeatable }];
});

/** What the flags of `serve` gave, by setting. */
export type Flags = Readonly<Partial<Record<SettingName, string>>>;

/** Everything that `serve` needs to know. */
export interface Settings {
  readonly backend: BackendName;
  readonly stubMode: StubMode | undefined;
  readonly config: Readonly<Record<string, string>> | undefined;
  /** Where the configs come from, for who has to say that they cannot be. */
  readonly configBy: Given | undefined;
  readonly memoryMaxBytes: number | undefined;
  readonly logLevel: LogLevel;
  readonly options: GatewayOptions;
  readonly close: CloseOptions;
  /** Where the advertised host comes from, for who has to say that it cannot be; undefined for the default. */
  readonly advertisedBy: Given | undefined;
}

/** @throws CommandError naming the setting, as it was given, and its value. */
export function readSettings(flags: Flags, env: Readonly<Record<string, string | undefined>>): Settings {
  const find = (name: SettingName): Given | undefined => {
    const setting = SETTINGS[name];
    const text = flags[name];
    if (text !== undefined) return { name: setting.flag?.split(' ')[0] ?? name, text };
    for (const variable of setting.variables) {
      const value = env[variable];
      if (value !== undefined) return { name: variable, text: value };
    }
    return undefined;
  };
  const read = <T>(name: SettingName, parse: Parse<T>): T | undefined => {
    const given = find(name);
    return given === undefined ? undefined : parseGiven(given, parse);
  };
  const bind = read('bind', endpoint(0));
  const advertised = read('advertised', hostMaybePort);
  const graceMs = read('shutdownDrainTimeoutSecs', seconds(0));
  const backend = read('backend', choice(backendNames)) ?? DEFAULT_BACKEND;
  const only = (name: SettingName, owner: BackendName): void => {
    const given = find(name);
    if (given !== undefined && backend !== owner) throw wrongValue(given, `only with --backend ${owner}`);
  };
  const stubMode = read('stubMode', choice(stubModes));
  const config = read('config', assignments);
  // The bounds are those of the store and, below, the gateway: here they are told in the units of the flags.
  const memoryMaxBytes = read('memoryMaxBytes', wholeNumber(65_536, Number.MAX_SAFE_INTEGER));
  only('stubMode', 'stub');
  only('config', 'memory');
  only('memoryMaxBytes', 'memory');
  return {
    backend,
    stubMode,
    config,
    configBy: find('config'),
    memoryMaxBytes,
    logLevel: read('logLevel', choice(logLevels)) ?? 'info',
    options: {
      listener: {
        ...bind,
        advertised: {
          host: advertised?.host ?? read('advertisedHost', host),
          port: advertised?.port ?? read('advertisedPort', wholeNumber(1, 65535)),
        },
      },
      maxConnections: read('maxConnections', wholeNumber(1, 1_000_000)),
      maxFrameBytes: read('maxFrameSize', wholeNumber(64, 2_147_483_647)),
      maxInFlightBytes: read('maxInFlightBytes', wholeNumber(65_536, Number.MAX_SAFE_INTEGER)),
      idleTimeoutMs: read('idleTimeoutSecs', seconds(0.001)),
      frameTimeoutMs: read('readTimeoutSecs', seconds(0.001)),
      writeTimeoutMs: read('writeTimeoutSecs', seconds(0.001)),
    },
    close: graceMs === undefined ? {} : { graceMs },
    advertisedBy: find('advertised') ?? find('advertisedHost') ?? find('bind'),
  };
}
