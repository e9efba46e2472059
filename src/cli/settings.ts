import type { CloseOptions, GatewayOptions, StubMode } from '../index.js';
import { type BackendName, backendNames, type IggySettings } from './backends.js';
import { type LogLevel, logLevels } from './log.js';
import {
  assignments,
  choice,
  endpoint,
  endpoints,
  type Given,
  host,
  hostMaybePort,
  names,
  type Parse,
  parseGiven,
  seconds,
  text,
  wholeNumber,
  wrongValue,
  yesOrNo,
} from './values.js';

/** One setting of `serve`. */
interface Setting {
  /** Whether its flag may be given several times; the values become lines of one text. */
  readonly repeatable?: boolean;
  /** Whether its value is not to be shown. */
  readonly isSecret?: boolean;
  /** Its flag, with the placeholder of its value; absent for what has a variable only. */
  readonly flag?: `--${string} <${string}>`;
  readonly help?: string;
  /** Its environment variables: the first one that is there counts, and any flag before it. */
  readonly variables: readonly string[];
  /** Set for a setting of 0.1 that has another name now: not in the help, and an error if it is given. */
  readonly renamed?: { readonly flag: string; readonly variable: string; readonly expected?: string };
}

const DEFAULT_BACKEND: BackendName = 'memory';

const DURABILITIES = ['none', 'process', 'power'] as const;

const stubModes: readonly StubMode[] = ['retriable', 'accepting'];

type SettingName =
  | 'backend'
  | 'stubMode'
  | 'config'
  | 'memoryMaxBytes'
  | 'iggyAddress'
  | 'iggyStream'
  | 'iggyUsername'
  | 'iggyPassword'
  | 'iggyConnections'
  | 'iggyClients'
  | 'iggyStateTopic'
  | 'iggyDurability'
  | 'iggySessionTimeoutSecs'
  | 'iggyEnforceFsync'
  | 'iggyImportOffsets'
  | 'iggyMirrorOffsets'
  | 'bind'
  | 'advertised'
  | 'advertisedHost'
  | 'advertisedPort'
  | 'maxConnections'
  | 'maxFrameBytes'
  | 'maxFrameSize'
  | 'maxInFlightBytes'
  | 'idleTimeoutSecs'
  | 'frameTimeoutSecs'
  | 'readTimeoutSecs'
  | 'writeTimeoutSecs'
  | 'drainTimeoutSecs'
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
    help: 'a config of the broker, such as num.partitions=3; may be given several times',
    variables: ['IGGY_KAFKA_CONFIG'],
    repeatable: true,
  },
  memoryMaxBytes: {
    flag: '--memory-max-bytes <bytes>',
    help: 'most memory that records may take in the memory backend (default: 1073741824)',
    variables: ['IGGY_KAFKA_MEMORY_MAX_BYTES'],
  },
  iggyAddress: {
    flag: '--iggy-address <host:port,...>',
    help: "where Iggy's server listens for TCP; of a cluster, all nodes (default: 127.0.0.1:8090)",
    // The second is what Iggy's own Kafka gateway calls it.
    variables: ['IGGY_KAFKA_IGGY_ADDRESS', 'IGGY_KAFKA_IGGY_ADDR'],
  },
  iggyStream: {
    flag: '--iggy-stream <name>',
    help: 'the stream whose topics are served; it is made where there is none (default: kafka)',
    variables: ['IGGY_KAFKA_IGGY_STREAM'],
  },
  iggyUsername: {
    flag: '--iggy-username <name>',
    help: 'whom Iggy knows the gateway as (default: iggy)',
    variables: ['IGGY_KAFKA_IGGY_USERNAME'],
  },
  iggyPassword: {
    flag: '--iggy-password <password>',
    help: 'better in the variable: others see the flags of a process (default: iggy)',
    variables: ['IGGY_KAFKA_IGGY_PASSWORD'],
    isSecret: true,
  },
  iggyConnections: {
    flag: '--iggy-connections <count>',
    help: 'most connections to Iggy, each with one command at a time (default: 4)',
    variables: ['IGGY_KAFKA_IGGY_CONNECTIONS'],
  },
  iggyStateTopic: {
    flag: '--iggy-state-topic <name>',
    help: 'the topic of committed offsets and groups: another one for each gateway (default: __kafka_gateway_state)',
    variables: ['IGGY_KAFKA_IGGY_STATE_TOPIC'],
  },
  iggyDurability: {
    flag: '--iggy-durability <none|process|power>',
    help: 'what acknowledged records survive in topics that are created: end of process, loss of power (default: process)',
    variables: ['IGGY_KAFKA_IGGY_DURABILITY'],
  },
  iggyEnforceFsync: {
    flag: '--iggy-enforce-fsync <yes|no>',
    variables: ['IGGY_KAFKA_IGGY_ENFORCE_FSYNC'],
    renamed: {
      flag: '--iggy-durability',
      variable: 'IGGY_KAFKA_IGGY_DURABILITY',
      expected: 'power for yes, process (the default) or none for no',
    },
  },
  iggySessionTimeoutSecs: {
    flag: '--iggy-session-timeout-secs <seconds>',
    help: 'silence after which another gateway over the same stream has ended (default: 10)',
    variables: ['IGGY_KAFKA_IGGY_SESSION_TIMEOUT_SECS'],
  },
  iggyImportOffsets: {
    flag: '--iggy-import-offsets <groups>',
    help: "groups, between commas, whose offsets are taken over from Iggy's own Kafka gateway",
    variables: ['IGGY_KAFKA_IGGY_IMPORT_OFFSETS'],
  },
  iggyMirrorOffsets: {
    flag: '--iggy-mirror-offsets <yes|no>',
    help: "whether what groups commit is shown to Iggy's tools, as consumers kafka.cg.<group> (default: no)",
    variables: ['IGGY_KAFKA_IGGY_MIRROR_OFFSETS'],
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
  maxFrameBytes: {
    flag: '--max-frame-bytes <bytes>',
    help: 'longest request (default: 104857600)',
    variables: ['IGGY_KAFKA_MAX_FRAME_BYTES'],
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
  frameTimeoutSecs: {
    flag: '--frame-timeout-secs <seconds>',
    help: 'time without a byte of a request that has begun (default: 15)',
    variables: ['IGGY_KAFKA_FRAME_TIMEOUT_SECS'],
  },
  writeTimeoutSecs: {
    flag: '--write-timeout-secs <seconds>',
    help: 'time without the client taking a byte of its answers (default: 600)',
    variables: ['IGGY_KAFKA_WRITE_TIMEOUT_SECS'],
  },
  drainTimeoutSecs: {
    flag: '--drain-timeout-secs <seconds>',
    help: 'time for requests in flight after SIGTERM or SIGINT (default: 25)',
    variables: ['IGGY_KAFKA_DRAIN_TIMEOUT_SECS'],
  },
  logLevel: {
    flag: '--log-level <level>',
    help: `what is written to stderr: ${logLevels.join(', ')} (default: info)`,
    variables: ['IGGY_KAFKA_LOG_LEVEL'],
  },
  iggyClients: {
    flag: '--iggy-clients <count>',
    variables: ['IGGY_KAFKA_IGGY_CLIENTS'],
    renamed: { flag: '--iggy-connections', variable: 'IGGY_KAFKA_IGGY_CONNECTIONS' },
  },
  maxFrameSize: {
    flag: '--max-frame-size <bytes>',
    variables: ['IGGY_KAFKA_MAX_FRAME_SIZE'],
    renamed: { flag: '--max-frame-bytes', variable: 'IGGY_KAFKA_MAX_FRAME_BYTES' },
  },
  readTimeoutSecs: {
    flag: '--read-timeout-secs <seconds>',
    variables: ['IGGY_KAFKA_READ_TIMEOUT_SECS'],
    renamed: { flag: '--frame-timeout-secs', variable: 'IGGY_KAFKA_FRAME_TIMEOUT_SECS' },
  },
  shutdownDrainTimeoutSecs: {
    flag: '--shutdown-drain-timeout-secs <seconds>',
    variables: ['IGGY_KAFKA_SHUTDOWN_DRAIN_TIMEOUT_SECS'],
    renamed: { flag: '--drain-timeout-secs', variable: 'IGGY_KAFKA_DRAIN_TIMEOUT_SECS' },
  },
};

const IGGY_SETTINGS = [
  'iggyAddress',
  'iggyStream',
  'iggyUsername',
  'iggyPassword',
  'iggyConnections',
  'iggyStateTopic',
  'iggyDurability',
  'iggySessionTimeoutSecs',
  'iggyImportOffsets',
  'iggyMirrorOffsets',
] as const;

/** The flags of `serve`, for its help and its parser. */
export const flags: readonly {
  readonly flag: string;
  readonly help: string;
  readonly repeatable: boolean;
  readonly isHidden: boolean;
}[] = Object.values(SETTINGS).flatMap(({ flag, help = '', variables, repeatable = false, renamed }) => {
  const variable = variables[0];
  const isHidden = renamed !== undefined;
  return flag === undefined
    ? []
    : [{ flag, help: variable === undefined ? help : `${help} [${variable}]`, repeatable, isHidden }];
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
  readonly iggy: IggySettings;
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
    const { isSecret } = setting;
    const given = flags[name];
    if (given !== undefined) return { name: setting.flag?.split(' ')[0] ?? name, text: given, isSecret };
    for (const variable of setting.variables) {
      const value = env[variable];
      if (value !== undefined) return { name: variable, text: value, isSecret };
    }
    return undefined;
  };
  const read = <T>(name: SettingName, parse: Parse<T>): T | undefined => {
    const given = find(name);
    return given === undefined ? undefined : parseGiven(given, parse);
  };
  for (const name of Object.keys(SETTINGS) as SettingName[]) rejectRenamed(SETTINGS[name], find(name));
  const bind = read('bind', endpoint(0));
  const advertised = read('advertised', hostMaybePort);
  const drainTimeoutMs = read('drainTimeoutSecs', seconds(0));
  const backend = read('backend', choice(backendNames)) ?? DEFAULT_BACKEND;
  const only = (name: SettingName, ...owners: readonly BackendName[]): void => {
    const given = find(name);
    if (given === undefined || owners.includes(backend)) return;
    throw wrongValue(given, `only with --backend ${owners.join(' or ')}`);
  };
  const stubMode = read('stubMode', choice(stubModes));
  const config = read('config', assignments);
  // The bounds are those of the store and, below, the gateway: here they are told in the units of the flags.
  const memoryMaxBytes = read('memoryMaxBytes', wholeNumber(65_536, Number.MAX_SAFE_INTEGER));
  const iggy: IggySettings = {
    addresses: read('iggyAddress', endpoints),
    stream: read('iggyStream', text(1, 255)),
    username: read('iggyUsername', text(1, 255)),
    password: read('iggyPassword', text(1, 255)),
    connections: read('iggyConnections', wholeNumber(1, 100)),
    stateTopic: read('iggyStateTopic', text(1, 240)),
    durability: read('iggyDurability', choice(DURABILITIES)),
    sessionTimeoutMs: read('iggySessionTimeoutSecs', seconds(0.1)),
    importOffsets: read('iggyImportOffsets', names),
    mirrorOffsets: read('iggyMirrorOffsets', yesOrNo),
  };
  only('stubMode', 'stub');
  only('config', 'memory', 'iggy');
  only('memoryMaxBytes', 'memory');
  for (const name of IGGY_SETTINGS) only(name, 'iggy');
  return {
    backend,
    stubMode,
    config,
    configBy: find('config'),
    memoryMaxBytes,
    iggy,
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
      maxFrameBytes: read('maxFrameBytes', wholeNumber(64, 2_147_483_647)),
      maxInFlightBytes: read('maxInFlightBytes', wholeNumber(65_536, Number.MAX_SAFE_INTEGER)),
      idleTimeoutMs: read('idleTimeoutSecs', seconds(0.001)),
      frameTimeoutMs: read('frameTimeoutSecs', seconds(0.001)),
      writeTimeoutMs: read('writeTimeoutSecs', seconds(0.001)),
    },
    close: drainTimeoutMs === undefined ? {} : { drainTimeoutMs },
    advertisedBy: find('advertised') ?? find('advertisedHost') ?? find('bind'),
  };
}

function rejectRenamed({ renamed }: Setting, given: Given | undefined): void {
  if (renamed === undefined || given === undefined) return;
  const name = given.name.startsWith('--') ? renamed.flag : renamed.variable;
  throw wrongValue(
    given,
    `renamed to ${name}${renamed.expected === undefined ? '' : `; expected ${renamed.expected}`}`,
  );
}
