// What the adapter uses of Iggy's Node SDK, by structure: the user's `Client` (package `apache-iggy`, 0.10) is assignable
// to `IggyClient` as it is, and nothing of the SDK is imported. Functions are properties, not methods, so that the
// compiler compares their parameters strictly.

/** A stream, topic or consumer: its number, or its name of 1 to 255 bytes. */
export type IggyId = number | string;

/** Kinds of header keys and values that the adapter writes, by the numbers of Iggy's protocol. */
export const HeaderKind = { RAW: 1, STRING: 2, INT64: 7 } as const;

/** A header to be sent: names are text, values are bytes or a 64-bit integer. */
export interface IggyHeaderInit {
  key: { kind: typeof HeaderKind.STRING; value: string };
  /** 1 to 255 bytes; neither the SDK nor the server checks it, and the SDK cannot read what is longer or empty. */
  value: { kind: typeof HeaderKind.RAW; value: Buffer } | { kind: typeof HeaderKind.INT64; value: bigint };
}

/** A message to be sent. */
export interface IggyMessageInit {
  /** 1 to 64,000,000 bytes. */
  payload: Buffer;
  /** In an order that Iggy keeps; 100,000 bytes in all. */
  headers?: IggyHeaderInit[];
  /** 128 bits; the SDK draws a random one where it is left out or 0. */
  id?: bigint;
  /** When the message came to be, in µs since 1970; the SDK takes its own clock where it is left out. */
  originTimestamp?: bigint;
}

/** A header key or value as it was polled: what the SDK made of the bytes, by their kind (1 to 15). */
export interface IggyHeaderField {
  kind: number;
  /** Raw and 128-bit kinds: bytes; string: text; 64-bit kinds: bigint; other kinds: number or boolean. */
  value: Buffer | string | number | bigint | boolean;
}

/** A message as it was polled. */
export interface IggyMessage {
  headers: {
    id: string | bigint;
    offset: bigint;
    /** When the server appended it. The SDK cuts microseconds to milliseconds. */
    timestamp: Date;
    /** When it came to be, as its sender said; likewise cut, and an invalid date after the year 275760. */
    originTimestamp: Date;
    /** Bytes of the user headers as they are stored. */
    userHeadersLength: number;
  };
  payload: Buffer;
  userHeaders: { key: IggyHeaderField; value: IggyHeaderField }[];
}

/** Answer to a poll. */
export interface IggyPolled {
  partitionId: number;
  /** Offset of the partition's last message; 0 as well when there is none. */
  currentOffset: bigint;
  messages: IggyMessage[];
}

/** Where a poll begins: at an offset, at the first message appended at or after a time (µs), or at an end of the log. */
export type IggyPollingStrategy =
  { kind: 1; value: bigint } | { kind: 2; value: bigint } | { kind: 3; value: 0n } | { kind: 4; value: 0n };

/** The ways to say where a poll begins. */
export const PollingStrategy = {
  /** From an offset on; from below the first message, at that one. */
  offset: (offset: bigint): IggyPollingStrategy => ({ kind: 1, value: offset }),
  /** From the first message that the server appended at or after this time, in µs since 1970. */
  timestamp: (micros: bigint): IggyPollingStrategy => ({ kind: 2, value: micros }),
  /** From the first message. */
  first: { kind: 3, value: 0n } as IggyPollingStrategy,
  /** The last messages, as many as are asked for. */
  last: { kind: 4, value: 0n } as IggyPollingStrategy,
} as const;

/** Who polls or keeps an offset: 1 is a consumer of its own, 2 a consumer group. */
export interface IggyConsumer {
  kind: 1 | 2;
  id: IggyId;
}

/** Consumer that polls are made as; the server stores no offset for it. */
export const CONSUMER = { kind: 1, id: 1 } as const;

/** Whose partition and messages a call is about. */
export interface IggyTopicRef {
  streamId: IggyId;
  topicId: IggyId;
}

/** What a send answers. */
export interface IggySendResult {
  /** One for each partition written; none from servers before 0.9, whose offsets cannot be known. */
  confirmations: { partitionId: number; baseOffset: bigint }[];
}

/** A stream. */
export interface IggyStream {
  id: number;
  name: string;
  topicsCount: number;
  createdAt: Date;
}

/** A partition, as `topic.get` tells it. */
export interface IggyPartition {
  id: number;
  createdAt: Date;
  /** Offset of the last message; 0 as well when there never was one. */
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
  /** µs; 2^64 - 1 for never. */
  messageExpiry: bigint;
  /** Bytes; 2^64 - 1 for no limit. */
  maxTopicSize: bigint;
  sizeBytes: bigint;
  messagesCount: bigint;
  /** Ids from 0 on. `topic.list` leaves it empty. */
  partitions: IggyPartition[];
  /** Options that the topic was created with, an object by the server's names; missing in SDKs that do not report them. */
  options?: unknown;
  /** Options that the server derived, likewise. */
  derivedOptions?: unknown;
}

/** The nodes of a cluster; a server that runs alone shows itself. */
export interface IggyClusterMetadata {
  nodes: {
    name: string;
    ip: string;
    endpoints: { tcp: number };
    /** `Leader` leads the metadata; each partition has a primary of its own. */
    role: string;
    status: string;
  }[];
}

/** Settings of a topic that can be changed later. */
export interface IggyTopicSettings {
  /** How long messages are kept, in µs; left out or 0: what the server is set to, or what it was. */
  messageExpiry?: bigint;
  /** Bytes after which the oldest segments go; left out or 0: likewise. */
  maxTopicSize?: bigint;
}

/** A topic to be made. */
export interface IggyTopicInit extends IggyTopicSettings {
  streamId: IggyId;
  /** 1 to 255 bytes. */
  name: string;
  /** 0 to 1,000. */
  partitionCount: number;
  /** 1 is none, the only one that the adapter uses. */
  compressionAlgorithm: 1;
  /** What has to be done before messages are confirmed: from SDK 0.10.0 on, where it stands for `enforceFsync`. */
  durability?: 'persisted';
  /** Whether what is saved is written through to the disk (fsync); only what is saved, see below. */
  enforceFsync?: boolean;
  /** Messages that may wait in memory, confirmed, before they are saved: 1 or more; the server's default is 1024. */
  messagesRequiredToSave?: number;
  /** Bytes: a multiple of 512 from 1 MiB to 1 GiB. */
  segmentSize?: bigint;
}

/**
 * A client of Iggy's Node SDK, as far as the adapter uses it. It has one connection, and on it one command at a time:
 * what is called meanwhile waits. A call that the server refuses rejects with an error that has a numeric `errorCode`;
 * one that breaks with the connection rejects with any other error, and the client connects again by itself.
 */
export interface IggyClient {
  message: {
    /** Sends to one partition. The answer comes when the messages are committed, which is not yet fsynced. */
    send: (args: {
      streamId: IggyId;
      topicId: IggyId;
      /** At least one. */
      messages: IggyMessageInit[];
      partition: { kind: 2; value: number };
    }) => Promise<IggySendResult>;
    /** Reads up to `count` messages; past the end there are none. The whole answer must stay below 64 MiB. */
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
    /** Null where there is none. */
    get: (args: { streamId: IggyId }) => Promise<IggyStream | null>;
    list: () => Promise<IggyStream[]>;
    delete: (args: { streamId: IggyId }) => Promise<boolean>;
  };
  topic: {
    create: (args: IggyTopicInit) => Promise<IggyTopic>;
    /** Null where there is none. */
    get: (args: IggyTopicRef) => Promise<IggyTopic | null>;
    /** Without partitions. */
    list: (args: { streamId: IggyId }) => Promise<IggyTopic[]>;
    update: (args: IggyTopicRef & IggyTopicSettings & { name: string }) => Promise<boolean>;
    delete: (args: IggyTopicRef & { partitionsCount: number }) => Promise<boolean>;
    /** Drops all messages; offsets begin at 0 again. */
    purge: (args: IggyTopicRef) => Promise<boolean>;
  };
  partition: {
    /** Adds partitions: 1 to 1,000. */
    create: (args: IggyTopicRef & { partitionCount: number }) => Promise<boolean>;
    /** Takes the last partitions away, with their messages. */
    delete: (args: IggyTopicRef & { partitionCount: number }) => Promise<boolean>;
  };
  offset: {
    /** Null where none is stored. */
    get: (
      args: IggyTopicRef & { consumer: IggyConsumer; partitionId: number },
    ) => Promise<{ partitionId: number; currentOffset: bigint; storedOffset: bigint } | null>;
    store: (args: IggyTopicRef & { consumer: IggyConsumer; partitionId: number; offset: bigint }) => Promise<boolean>;
    delete: (args: IggyTopicRef & { consumer: IggyConsumer; partitionId: number }) => Promise<boolean>;
  };
  session: {
    login: (args: { username: string; password: string }) => Promise<{ userId: number }>;
  };
  /** The roster of a cluster; absent from SDKs that know no clusters. */
  cluster?: {
    getClusterMetadata: () => Promise<IggyClusterMetadata>;
  };
  system: {
    /** Answered without credentials as well. */
    ping: () => Promise<boolean>;
    getStats: () => Promise<{ hostname: string; processId: number; startTime: bigint }>;
  };
  /** Closes the connection. */
  destroy: () => Promise<void>;
}

/** Whether something is a client, seen from two of its methods. */
export function isIggyClient(value: unknown): value is IggyClient {
  const client = value as Partial<IggyClient> | null | undefined;
  return typeof client?.message?.send === 'function' && typeof client.topic?.get === 'function';
}

/** The code with which the server refused a call; undefined for any other failure. */
export function iggyErrorCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errorCode' in error)) return undefined;
  return typeof error.errorCode === 'number' ? error.errorCode : undefined;
}
