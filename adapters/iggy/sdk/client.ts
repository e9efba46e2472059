// Structural types of the part of Iggy's Node SDK that the adapter uses. The user's `Client` (package `apache-iggy`, 0.10)
// is assignable to `IggyClient`, so the SDK is not imported. Functions are properties, not methods, because the compiler
// compares parameters of properties strictly.

/** Identifies a stream, topic or consumer by its number or by its name of 1 to 255 bytes. */
export type IggyId = number | string;

/** Kinds of header keys and values that the adapter writes, with their numbers in Iggy's protocol. */
export const HeaderKind = { RAW: 1, STRING: 2, INT64: 7 } as const;

/** A header to send. Keys are strings; values are bytes or a 64-bit integer. */
export interface IggyHeaderInit {
  key: { kind: typeof HeaderKind.STRING; value: string };
  /** 1 to 255 bytes. Neither the SDK nor the server checks the size, but the SDK cannot read empty or longer values. */
  value: { kind: typeof HeaderKind.RAW; value: Buffer } | { kind: typeof HeaderKind.INT64; value: bigint };
}

/** A message to send. */
export interface IggyMessageInit {
  /** 1 to 64,000,000 bytes. */
  payload: Buffer;
  /** Headers, at most 100,000 bytes in total. Iggy preserves their order. */
  headers?: IggyHeaderInit[];
  /** Message id of 128 bits. If it is absent or 0, the SDK generates a random one. */
  id?: bigint;
  /** Creation time in µs since the epoch. If absent, the SDK uses its own clock. */
  originTimestamp?: bigint;
}

/** A polled header key or value, decoded by the SDK according to its kind (1 to 15). */
export interface IggyHeaderField {
  kind: number;
  /** Raw and 128-bit kinds: Buffer; string kind: string; 64-bit kinds: bigint; other kinds: number or boolean. */
  value: Buffer | string | number | bigint | boolean;
}

/** A polled message. */
export interface IggyMessage {
  headers: {
    id: string | bigint;
    offset: bigint;
    /** Time of the append at the server. The SDK truncates microseconds to milliseconds. */
    timestamp: Date;
    /** Creation time from the sender, truncated to milliseconds; an invalid date after the year 275760. */
    originTimestamp: Date;
    /** Size of the stored user headers in bytes. */
    userHeadersLength: number;
  };
  payload: Buffer;
  userHeaders: { key: IggyHeaderField; value: IggyHeaderField }[];
}

/** Response to a poll. */
export interface IggyPolled {
  partitionId: number;
  /** Offset of the last message of the partition; also 0 if it is empty. */
  currentOffset: bigint;
  messages: IggyMessage[];
}

/** Start of a poll: an offset (1), a time of append in µs (2), the first message (3) or the last messages (4). */
export type IggyPollingStrategy =
  { kind: 1; value: bigint } | { kind: 2; value: bigint } | { kind: 3; value: 0n } | { kind: 4; value: 0n };

/** The polling strategies that the adapter uses. */
export const PollingStrategy = {
  /** From an offset on. An offset before the first message starts at the first message. */
  offset: (offset: bigint): IggyPollingStrategy => ({ kind: 1, value: offset }),
  /** From the first message that the server appended at or after this time, in µs since the epoch. */
  timestamp: (micros: bigint): IggyPollingStrategy => ({ kind: 2, value: micros }),
  /** From the first message. */
  first: { kind: 3, value: 0n } as IggyPollingStrategy,
  /** The last messages, up to the requested count. */
  last: { kind: 4, value: 0n } as IggyPollingStrategy,
} as const;

/** Owner of a poll or a stored offset. Kind 1 is a single consumer, kind 2 a consumer group. */
export interface IggyConsumer {
  kind: 1 | 2;
  id: IggyId;
}

/** Consumer that the adapter polls as. The server stores no offset for it. */
export const CONSUMER = { kind: 1, id: 1 } as const;

/** Identifies the topic of a call. */
export interface IggyTopicRef {
  streamId: IggyId;
  topicId: IggyId;
}

/** Response to a send. */
export interface IggySendResult {
  /** One entry for each partition written. Empty from servers before 0.9, which do not return offsets. */
  confirmations: { partitionId: number; baseOffset: bigint }[];
}

/** A stream. */
export interface IggyStream {
  id: number;
  name: string;
  topicsCount: number;
  createdAt: Date;
}

/** A partition in the response to `topic.get`. */
export interface IggyPartition {
  id: number;
  createdAt: Date;
  /** Offset of the last message; also 0 if the partition never had a message. */
  currentOffset: bigint;
  messagesCount: bigint;
  sizeBytes: bigint;
  segmentsCount: number;
}

/** A topic. */
export interface IggyTopic {
  id: number;
  name: string;
  createdAt: Date;
  partitionsCount: number;
  /** Retention time in µs; 2^64 - 1 if messages never expire. */
  messageExpiry: bigint;
  /** Maximum size in bytes; 2^64 - 1 for no limit. */
  maxTopicSize: bigint;
  sizeBytes: bigint;
  messagesCount: bigint;
  /** Partitions with ids from 0. Empty in the response to `topic.list`. */
  partitions: IggyPartition[];
  /** Options of the creation of the topic, an object with the server's names. Absent in SDKs that do not report them. */
  options?: unknown;
  /** Options that the server derived, in the same form. Absent in SDKs that do not report them. */
  derivedOptions?: unknown;
}

/** The nodes of a cluster. A single server returns itself. */
export interface IggyClusterMetadata {
  nodes: {
    name: string;
    ip: string;
    endpoints: { tcp: number };
    /** `Leader` for the leader of the metadata. Each partition has its own primary. */
    role: string;
    status: string;
  }[];
}

/** Settings of a topic that can be changed after its creation. */
export interface IggyTopicSettings {
  /** Retention time in µs. If absent or 0: the server's default, or the current value on an update. */
  messageExpiry?: bigint;
  /** Maximum size in bytes, beyond which the oldest segments are dropped. If absent or 0: as for `messageExpiry`. */
  maxTopicSize?: bigint;
}

/** A topic to create. */
export interface IggyTopicInit extends IggyTopicSettings {
  streamId: IggyId;
  /** 1 to 255 bytes. */
  name: string;
  /** 0 to 1,000. */
  partitionCount: number;
  /** 1 means no compression, the only value that the adapter uses. */
  compressionAlgorithm: 1;
  /** Durability of messages before they are confirmed. Replaces `enforceFsync` from SDK 0.10.0 on. */
  durability?: 'persisted';
  /** Whether the server syncs saved messages to disk (fsync). `messagesRequiredToSave` controls when messages are saved. */
  enforceFsync?: boolean;
  /** Number of confirmed messages in memory that triggers a save; from 1. The server's default is 1024. */
  messagesRequiredToSave?: number;
  /** Size of a segment in bytes: a multiple of 512 from 1 MiB to 1 GiB. */
  segmentSize?: bigint;
}

/**
 * The part of a client of Iggy's Node SDK that the adapter uses. A client has one connection, which runs one command at a
 * time; other calls wait. If the server rejects a command, the call rejects with an error that has a numeric `errorCode`. If
 * the connection breaks, the call rejects with another error, and the client reconnects by itself.
 */
export interface IggyClient {
  message: {
    /** Sends to one partition. Resolves when the messages are committed, which does not imply fsync. */
    send: (args: {
      streamId: IggyId;
      topicId: IggyId;
      /** At least one. */
      messages: IggyMessageInit[];
      partition: { kind: 2; value: number };
    }) => Promise<IggySendResult>;
    /** Reads up to `count` messages; none past the end. The whole response must stay below 64 MiB. */
    poll: (args: {
      streamId: IggyId;
      topicId: IggyId;
      consumer: IggyConsumer;
      partitionId: number;
      pollingStrategy: IggyPollingStrategy;
      count: number;
      autocommit: false;
    }) => Promise<IggyPolled>;
  };
  stream: {
    create: (args: { name: string }) => Promise<IggyStream>;
    /** Resolves to null if it does not exist. */
    get: (args: { streamId: IggyId }) => Promise<IggyStream | null>;
    list: () => Promise<IggyStream[]>;
    delete: (args: { streamId: IggyId }) => Promise<boolean>;
  };
  topic: {
    create: (args: IggyTopicInit) => Promise<IggyTopic>;
    /** Resolves to null if it does not exist. */
    get: (args: IggyTopicRef) => Promise<IggyTopic | null>;
    /** Returns the topics, with empty `partitions`. */
    list: (args: { streamId: IggyId }) => Promise<IggyTopic[]>;
    update: (args: IggyTopicRef & IggyTopicSettings & { name: string }) => Promise<boolean>;
    delete: (args: IggyTopicRef & { partitionsCount: number }) => Promise<boolean>;
    /** Drops all messages. Offsets restart at 0. */
    purge: (args: IggyTopicRef) => Promise<boolean>;
  };
  partition: {
    /** Adds partitions: 1 to 1,000. */
    create: (args: IggyTopicRef & { partitionCount: number }) => Promise<boolean>;
    /** Deletes the last partitions and their messages. */
    delete: (args: IggyTopicRef & { partitionCount: number }) => Promise<boolean>;
  };
  offset: {
    /** Resolves to null if no offset is stored. */
    get: (
      args: IggyTopicRef & { consumer: IggyConsumer; partitionId: number },
    ) => Promise<{ partitionId: number; currentOffset: bigint; storedOffset: bigint } | null>;
    store: (args: IggyTopicRef & { consumer: IggyConsumer; partitionId: number; offset: bigint }) => Promise<boolean>;
    delete: (args: IggyTopicRef & { consumer: IggyConsumer; partitionId: number }) => Promise<boolean>;
  };
  session: {
    login: (args: { username: string; password: string }) => Promise<{ userId: number }>;
  };
  /** Cluster commands; absent in SDKs without cluster support. */
  cluster?: {
    getClusterMetadata: () => Promise<IggyClusterMetadata>;
  };
  system: {
    /** Works without a login. */
    ping: () => Promise<boolean>;
    getStats: () => Promise<{ hostname: string; processId: number; startTime: bigint }>;
  };
  /** Closes the connection. */
  destroy: () => Promise<void>;
}

/** Whether a value is a client. Checks two of its methods. */
export function isIggyClient(value: unknown): value is IggyClient {
  const client = value as Partial<IggyClient> | null | undefined;
  return typeof client?.message?.send === 'function' && typeof client.topic?.get === 'function';
}

/** Returns the error code of a command that the server rejected; undefined for any other failure. */
export function iggyErrorCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errorCode' in error)) return undefined;
  return typeof error.errorCode === 'number' ? error.errorCode : undefined;
}
