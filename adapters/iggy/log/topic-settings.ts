import type { Compression } from '../../../src/protocol/index.js';
import { StoreError } from '../../broker/index.js';
import type { IggyTopic, IggyTopicSettings } from '../sdk/client.js';

type Configs = Readonly<Record<string, string>>;

const RETENTION_MS = 'retention.ms';
const RETENTION_BYTES = 'retention.bytes';

/** Never, and without limit. */
const UNLIMITED = 2n ** 64n - 1n;
const MICROS = 1000n;

/**
 * What Iggy has of a topic's configs: age is kept per topic in both, size per partition in Kafka and per topic in Iggy.
 *
 * @throws StoreError `invalid` for a value that Iggy cannot hold.
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
