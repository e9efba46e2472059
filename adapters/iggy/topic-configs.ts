import type { Compression } from '../../src/protocol/index.js';
import { StoreError } from '../broker/store/store-error.js';
import type { IggyTopic, IggyTopicInit, IggyTopicSettings } from './sdk/client.js';

/**
 * What records survive once Iggy has confirmed them: nothing (they may be in the memory of the server alone), the end of
 * the server's process, or the loss of power as well.
 */
export type IggyDurability = 'none' | 'process' | 'power';

/** From the weakest to the strongest. */
export const DURABILITIES: readonly IggyDurability[] = ['none', 'process', 'power'];

type DurabilitySettings = Pick<IggyTopicInit, 'durability' | 'enforceFsync' | 'messagesRequiredToSave'>;

/**
 * Settings with which topics are created, for both kinds of SDK; each leaves out the fields that it does not know. Those
 * with `durability` have only one value that keeps what a single server has confirmed. Those before save a message to the
 * file, before it is confirmed, only if `messagesRequiredToSave` is 1; `enforceFsync` alone syncs what is saved later.
 */
export const DURABILITY_SETTINGS: Readonly<Record<IggyDurability, DurabilitySettings>> = {
  none: {},
  process: { durability: 'persisted', messagesRequiredToSave: 1 },
  power: { durability: 'persisted', enforceFsync: true, messagesRequiredToSave: 1 },
};

/** Settings of the topics with the gateway's own state. */
export const DURABLE: DurabilitySettings = DURABILITY_SETTINGS.power;

/** Options of a topic as the server reports them: those that were given, and those that it derived. */
interface ReportedOptions {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly derivedOptions?: Readonly<Record<string, unknown>>;
}

/** How durable confirmed messages of a topic are; null if the SDK does not report its options. */
export function durabilityOf(topic: IggyTopic): IggyDurability | null {
  const { options, derivedOptions } = topic as IggyTopic & ReportedOptions;
  const reported = { ...derivedOptions, ...options };
  if (reported.durability !== undefined) return reported.durability === 'persisted' ? 'power' : 'none';
  if (reported.messages_required_to_save === undefined) return null;
  if (reported.messages_required_to_save !== 1) return 'none';
  return reported.enforce_fsync === true ? 'power' : 'process';
}

/** Whether one durability promises less than another. */
export function isWeaker(durability: IggyDurability, than: IggyDurability): boolean {
  return DURABILITIES.indexOf(durability) < DURABILITIES.indexOf(than);
}

type Configs = Readonly<Record<string, string>>;

const RETENTION_MS = 'retention.ms';
const RETENTION_BYTES = 'retention.bytes';

/** Never, and without limit. */
const UNLIMITED = 2n ** 64n - 1n;
const MICROS = 1000n;

/**
 * What Iggy has of a topic's configs: age is kept per topic in both, size per partition in Kafka and per topic in Iggy.
 *
 * @throws StoreError `INVALID` for a value that Iggy cannot hold.
 */
export function settingsOf(configs: Configs, partitionCount: number): IggyTopicSettings {
  const settings: IggyTopicSettings = {};
  const ms = configs[RETENTION_MS];
  if (ms !== undefined) settings.messageExpiry = limit(RETENTION_MS, ms, MICROS);
  const bytes = configs[RETENTION_BYTES];
  if (bytes !== undefined) settings.maxTopicSize = limit(RETENTION_BYTES, bytes, BigInt(Math.max(1, partitionCount)));
  return settings;
}

/** The configs that Iggy holds of a topic. What it never drops by age is said, for Kafka's default is a week. */
export function configsOf({ messageExpiry, maxTopicSize, partitionsCount }: IggyTopic): Configs {
  const configs: Record<string, string> = { [RETENTION_MS]: text(messageExpiry, MICROS) };
  const bytes = text(maxTopicSize, BigInt(Math.max(1, partitionsCount)));
  if (bytes !== '-1') configs[RETENTION_BYTES] = bytes;
  return configs;
}

/** The configs that Iggy has no place for: they are kept beside it. */
export function otherConfigs(configs: Configs): Configs {
  return Object.fromEntries(
    Object.entries(configs).filter(([name]) => name !== RETENTION_MS && name !== RETENTION_BYTES),
  );
}

function limit(name: string, value: string, scale: bigint): bigint {
  const number = BigInt(value);
  if (number < 0n) return UNLIMITED;
  // 0 would be what the server is set to.
  if (number === 0n)
    throw new StoreError('INVALID', `${name}=0: Iggy keeps messages for at least a moment; 1 is the least`);
  const scaled = number * scale;
  return scaled > UNLIMITED ? UNLIMITED : scaled;
}

function text(value: bigint, scale: bigint): string {
  return value === 0n || value === UNLIMITED ? '-1' : String(value / scale);
}

/** How batches that are made of messages are compressed: as they came, they are not there any more. */
export function compressionOf(configs: Configs): Compression {
  const type = configs['compression.type'];
  return type === undefined || type === 'producer' || type === 'uncompressed' ? 'none' : (type as Compression);
}

/** Whether records have the time of their append for a timestamp: the kit stamps them before they are kept. */
export function hasAppendTime(configs: Configs): boolean {
  return configs['message.timestamp.type'] === 'LogAppendTime';
}
