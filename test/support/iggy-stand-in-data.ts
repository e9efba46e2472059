// What the stand-in for Iggy's server holds, and how the SDK shows it.

import { randomBytes } from 'node:crypto';
import type {
  IggyConsumer,
  IggyMessage,
  IggyMessageInit,
  IggyPollingStrategy,
  IggyStream,
  IggyTopic,
  IggyTopicInit,
  IggyTopicSettings,
} from '../../adapters/iggy/sdk/client.js';
import { headerBytes, readHeaders } from './iggy-messages.js';

/** Codes with which the server refuses. */
export const Code = {
  NOT_FOUND: 20,
  INVALID_CREDENTIALS: 42,
  STREAM_ID_NOT_FOUND: 1009,
  STREAM_EXISTS: 1012,
  TOPIC_BELOW_SEGMENT: 1019,
  TOPIC_ID_NOT_FOUND: 2010,
  TOPIC_EXISTS: 2013,
  TOO_MANY_PARTITIONS: 2015,
  INVALID_PARTITIONS_COUNT: 2019,
  PARTITION_NOT_FOUND: 3007,
  NO_STORED_OFFSET: 3021,
  INVALID_OFFSET: 4100,
} as const;

const SEGMENT_BYTES = 2n ** 30n;
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const FRAME_HEADER_BYTES = 48;
export const BATCH_HEADER_BYTES = 256;
const MAX_DELTA = 0xffff_ffffn;
export const NEVER = 2n ** 64n - 1n;

/** As the SDK's ResponseError. */
export class RefusedError extends Error {
  override readonly name: string = 'ResponseError';

  constructor(readonly errorCode: number) {
    super(`command refused: { code: ${errorCode} }`);
  }
}

/** As the SDK says that the connection broke. */
export function closed(): Error {
  return new Error('connection closed while waiting for response');
}

export interface Stored {
  readonly id: bigint;
  readonly offset: bigint;
  /** µs. */
  readonly timestamp: bigint;
  readonly originTimestamp: bigint;
  readonly payload: Buffer;
  readonly headers: Buffer;
}

let lastBirth = 0;

/** No two things are made in the same millisecond: a real server takes longer. */
function birth(): Date {
  lastBirth = Math.max(lastBirth + 1, Date.now());
  return new Date(lastBirth);
}

export class Partition {
  readonly createdAt = birth();
  messages: Stored[] = [];
  nextOffset = 0n;

  get currentOffset(): bigint {
    return this.nextOffset === 0n ? 0n : this.nextOffset - 1n;
  }

  get sizeBytes(): bigint {
    return BigInt(this.messages.reduce((sum, message) => sum + sizeOf(message), 0));
  }
}

export class Topic {
  readonly createdAt = birth();
  readonly id: number;
  name: string;
  messageExpiry = NEVER;
  maxTopicSize = NEVER;
  readonly partitions: Partition[] = [];
  readonly offsets = new Map<string, bigint>();
  /** Those that its creator gave. */
  readonly options: Readonly<Record<string, unknown>>;

  constructor(id: number, name: string, options: Readonly<Record<string, unknown>>) {
    this.id = id;
    this.name = name;
    this.options = options;
  }
}

export class Stream {
  readonly createdAt = birth();
  readonly topics = new Map<number, Topic>();
  readonly id: number;
  readonly name: string;

  constructor(id: number, name: string) {
    this.id = id;
    this.name = name;
  }
}

export function sizeOf({ payload, headers }: { readonly payload: Buffer; readonly headers: Buffer }): number {
  return FRAME_HEADER_BYTES + payload.length + headers.length;
}

/** What the SDK makes of the options of a topic that have no field in the answers; it knows no `durability`. */
export function optionsOf({ enforceFsync, messagesRequiredToSave }: Partial<IggyTopicInit>): Record<string, unknown> {
  const options = { enforce_fsync: enforceFsync, messages_required_to_save: messagesRequiredToSave };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

export function checkName(name: string, what: string): void {
  const { length } = Buffer.from(name);
  if (length < 1 || length > 255) throw new Error(`${what} name should be between 1 and 255 bytes`);
}

/** Messages as the SDK makes bytes of them. */
export function encoded(messages: readonly IggyMessageInit[]): Omit<Stored, 'offset' | 'timestamp'>[] {
  if (messages.length === 0) throw new Error('cannot send an empty message batch');
  const now = BigInt(Date.now()) * 1000n;
  const origins = messages.map(({ originTimestamp = now }) => originTimestamp);
  const first = origins.reduce((least, origin) => (origin < least ? origin : least));
  return messages.map(({ payload, headers = [], id = 0n }, index) => {
    const originTimestamp = origins[index]!;
    if (originTimestamp - first > MAX_DELTA) throw new Error('message timestamp delta exceeds u32 range');
    const bytes = headerBytes(headers);
    return { id: id || randomId(), originTimestamp, payload: Buffer.from(payload), headers: bytes };
  });
}

function randomId(): bigint {
  return BigInt(`0x${randomBytes(16).toString('hex')}`);
}

export function addPartitions(topic: Topic, count: number): void {
  for (let index = 0; index < count; index++) topic.partitions.push(new Partition());
}

export function changeSettings(topic: Topic, { messageExpiry = 0n, maxTopicSize = 0n }: IggyTopicSettings): void {
  if (maxTopicSize !== 0n && maxTopicSize < SEGMENT_BYTES) throw new RefusedError(Code.TOPIC_BELOW_SEGMENT);
  if (messageExpiry !== 0n) topic.messageExpiry = messageExpiry;
  if (maxTopicSize !== 0n) topic.maxTopicSize = maxTopicSize;
}

export function chosen(
  messages: readonly Stored[],
  { kind, value }: IggyPollingStrategy,
  count: number,
): readonly Stored[] {
  switch (kind) {
    case 1:
      return messages.filter(({ offset }) => offset >= value).slice(0, count);
    case 2:
      return messages.filter(({ timestamp }) => timestamp >= value).slice(0, count);
    case 3:
      return messages.slice(0, count);
    case 4:
      return messages.slice(-count);
  }
}

export function offsetKey({ consumer, partitionId }: { consumer: IggyConsumer; partitionId: number }): string {
  return `${consumer.kind} ${consumer.id} ${partitionId}`;
}

/** Dates of whole milliseconds, as the SDK gives. */
function dateOf(micros: bigint): Date {
  return new Date(Number(micros / 1000n));
}

export function describeMessage({ id, offset, timestamp, originTimestamp, payload, headers }: Stored): IggyMessage {
  return {
    headers: {
      id,
      offset,
      timestamp: dateOf(timestamp),
      originTimestamp: dateOf(originTimestamp),
      userHeadersLength: headers.length,
    },
    payload,
    userHeaders: readHeaders(headers),
  };
}

export function describeStream({ id, name, topics, createdAt }: Stream): IggyStream {
  return { id, name, topicsCount: topics.size, createdAt };
}

export function describeTopic(topic: Topic): IggyTopic {
  const partitions = topic.partitions.map((partition, id) => ({
    id,
    createdAt: partition.createdAt,
    currentOffset: partition.currentOffset,
    messagesCount: BigInt(partition.messages.length),
    sizeBytes: partition.sizeBytes,
    segmentsCount: 1,
  }));
  const { id, name, createdAt, messageExpiry, maxTopicSize, options } = topic;
  const defaults = { enforce_fsync: false, messages_required_to_save: 1024 };
  const derivedOptions = Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in options)));
  return {
    id,
    name,
    createdAt,
    messageExpiry,
    maxTopicSize,
    partitionsCount: partitions.length,
    sizeBytes: partitions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0n),
    messagesCount: partitions.reduce((sum, { messagesCount }) => sum + messagesCount, 0n),
    partitions,
    options,
    derivedOptions,
  };
}
