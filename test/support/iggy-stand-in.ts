// A fake, since Iggy is not on every machine that runs `npm test`: it stands in for the SDK's client and the server behind
// it, in this process. So that it cannot lie, the checks of test/iggy/client-behaviour.ts run against it, and against the
// real client and server in `npm run test:iggy`.

import type {
  IggyClient,
  IggyId,
  IggyPolled,
  IggyPollingStrategy,
  IggyStream,
  IggyTopic,
  IggyTopicInit,
  IggyTopicSettings,
} from '../../adapters/iggy/sdk/client.js';
import {
  addPartitions,
  BATCH_HEADER_BYTES,
  changeSettings,
  checkName,
  chosen,
  closed,
  Code,
  describeMessage,
  describeStream,
  describeTopic,
  encoded,
  MAX_FRAME_BYTES,
  NEVER,
  offsetKey,
  optionsOf,
  type Partition,
  RefusedError,
  sizeOf,
  type Stored,
  Stream,
  Topic,
} from './iggy-stand-in-data.js';

/**
 * What goes wrong with a command: the connection breaks before it is done, or after; its answer never comes, though it is
 * done; or the server is not there.
 */
export type Fault = 'before' | 'after' | 'hang' | 'away';

/** A server in memory: its data stay while clients come and go. */
export interface StandIn {
  /** A client of its own: one command at a time, the others wait. */
  connect(): IggyClient;
  /** Called before each command with its name, such as `message.send`; what it answers goes wrong. */
  fault: (command: string) => Fault | undefined;
  /** How often each command was asked. */
  readonly counts: Map<string, number>;
  /** Whether sends say where messages went; servers before 0.9 do not. */
  confirms: boolean;
  /** Whether credentials are good. */
  letsIn: boolean;
  /** Drops the messages of a partition from an offset on, as a server does that had not written them when it crashed. */
  dropFrom(stream: string, topic: string, partition: number, offset: number): void;
  /** Drops the first messages of a partition, as the server does with segments that have expired. */
  dropBefore(stream: string, topic: string, partition: number, offset: number): void;
  /** Loses the last messages of a partition, as a killed server does with what it has not saved. */
  loseFrom(stream: string, topic: string, partition: number, offset: number): void;
}

export function createStandIn(): StandIn {
  return new Server();
}

class Server implements StandIn {
  readonly streams = new Map<number, Stream>();
  readonly counts = new Map<string, number>();
  fault: (command: string) => Fault | undefined = () => undefined;
  confirms = true;
  letsIn = true;
  #clock = 0n;

  connect(): IggyClient {
    return new StandInClient(this).api();
  }

  dropFrom(stream: string, topic: string, partition: number, offset: number): void {
    const kept = this.partition({ streamId: stream, topicId: topic }, partition);
    kept.messages = kept.messages.filter((message) => message.offset < offset);
    kept.nextOffset = BigInt(offset);
  }

  dropBefore(stream: string, topic: string, partition: number, offset: number): void {
    const kept = this.partition({ streamId: stream, topicId: topic }, partition);
    kept.messages = kept.messages.filter((message) => message.offset >= offset);
  }

  loseFrom(stream: string, topic: string, partition: number, offset: number): void {
    const cut = this.partition({ streamId: stream, topicId: topic }, partition);
    cut.messages = cut.messages.filter((message) => message.offset < offset);
    cut.nextOffset = BigInt(offset);
  }

  async run<Answer>(name: string, work: () => Answer): Promise<Answer> {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const fault = this.fault(name);
    if (fault === 'away') {
      throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:8090'), { code: 'ECONNREFUSED' });
    }
    if (fault === 'before') throw closed();
    if (!this.letsIn && name !== 'system.ping') throw new RefusedError(Code.INVALID_CREDENTIALS);
    const answer = work();
    if (fault === 'after') throw closed();
    if (fault === 'hang') await new Promise(() => undefined);
    return answer;
  }

  /** µs, never the same twice. */
  now(): bigint {
    const now = BigInt(Date.now()) * 1000n;
    this.#clock = now > this.#clock ? now : this.#clock + 1n;
    return this.#clock;
  }

  findStream(id: IggyId): Stream | undefined {
    if (typeof id === 'number') return this.streams.get(id);
    return [...this.streams.values()].find(({ name }) => name === id);
  }

  stream(id: IggyId): Stream {
    const stream = this.findStream(id);
    if (stream === undefined) throw new RefusedError(Code.STREAM_ID_NOT_FOUND);
    return stream;
  }

  findTopic({ streamId, topicId }: { streamId: IggyId; topicId: IggyId }): Topic | undefined {
    const stream = this.findStream(streamId);
    if (stream === undefined) return undefined;
    if (typeof topicId === 'number') return stream.topics.get(topicId);
    return [...stream.topics.values()].find(({ name }) => name === topicId);
  }

  topic(ref: { streamId: IggyId; topicId: IggyId }): Topic {
    this.stream(ref.streamId);
    const topic = this.findTopic(ref);
    if (topic === undefined) throw new RefusedError(Code.TOPIC_ID_NOT_FOUND);
    return topic;
  }

  partition(ref: { streamId: IggyId; topicId: IggyId }, id: number): Partition {
    const partition = this.topic(ref).partitions[id];
    if (partition === undefined) throw new RefusedError(Code.PARTITION_NOT_FOUND);
    return partition;
  }
}

/** The lowest number that is free. */
function freeId(taken: ReadonlyMap<number, unknown>): number {
  let id = 0;
  while (taken.has(id)) id++;
  return id;
}

class StandInClient {
  readonly #server: Server;
  #last: Promise<unknown> = Promise.resolve();
  #destroyed = false;

  constructor(server: Server) {
    this.#server = server;
  }

  api(): IggyClient {
    const command = <Args extends unknown[], Answer>(name: string, work: (...args: Args) => Answer) => {
      return (...args: Args): Promise<Answer> => this.#command(name, () => work(...args));
    };
    return {
      message: {
        send: async (args) => {
          // The SDK makes the request before it waits for its turn.
          const messages = encoded(args.messages);
          return this.#command('message.send', () => this.#send(args, messages));
        },
        poll: async (args) => {
          if (args.pollingStrategy.value > NEVER) throw new RangeError('The value of "value" is out of range.');
          return this.#command('message.poll', () => this.#poll(args));
        },
      },
      stream: {
        create: command('stream.create', ({ name }) => this.#createStream(name)),
        get: command('stream.get', ({ streamId }) => {
          const stream = this.#server.findStream(streamId);
          return stream === undefined ? null : describeStream(stream);
        }),
        list: command('stream.list', () => Array.from(this.#server.streams.values(), describeStream)),
        delete: command('stream.delete', ({ streamId }) =>
          this.#server.streams.delete(this.#server.stream(streamId).id),
        ),
      },
      topic: {
        create: command('topic.create', (args) => this.#createTopic(args)),
        get: command('topic.get', (args) => {
          const topic = this.#server.findTopic(args);
          return topic === undefined ? null : describeTopic(topic);
        }),
        list: command('topic.list', ({ streamId }) =>
          Array.from(this.#server.findStream(streamId)?.topics.values() ?? [], (topic) => ({
            ...describeTopic(topic),
            partitions: [],
          })),
        ),
        update: command('topic.update', (args) => this.#updateTopic(args)),
        delete: command('topic.delete', (args) =>
          this.#server.stream(args.streamId).topics.delete(this.#server.topic(args).id),
        ),
        purge: command('topic.purge', (args) => {
          for (const partition of this.#server.topic(args).partitions) {
            partition.messages = [];
            partition.nextOffset = 0n;
          }
          return true;
        }),
      },
      partition: {
        create: async (args) => {
          const { partitionCount: count } = args;
          if (count < 1 || count > 1000) throw new Error('Topic partition_count must be between 1 and 1000');
          return this.#command('partition.create', () => {
            addPartitions(this.#server.topic(args), count);
            return true;
          });
        },
        delete: command('partition.delete', (args) => {
          const { partitions } = this.#server.topic(args);
          if (args.partitionCount > partitions.length) throw new RefusedError(Code.INVALID_PARTITIONS_COUNT);
          partitions.splice(partitions.length - args.partitionCount);
          return true;
        }),
      },
      offset: {
        get: command('offset.get', (args) => {
          const storedOffset = this.#server.findTopic(args)?.offsets.get(offsetKey(args));
          if (storedOffset === undefined) return null;
          const { currentOffset } = this.#server.partition(args, args.partitionId);
          return { partitionId: args.partitionId, currentOffset, storedOffset };
        }),
        store: command('offset.store', (args) => {
          const topic = this.#server.findTopic(args);
          const partition = topic?.partitions[args.partitionId];
          if (topic === undefined || partition === undefined) throw new RefusedError(Code.NOT_FOUND);
          if (args.offset >= partition.nextOffset) throw new RefusedError(Code.INVALID_OFFSET);
          topic.offsets.set(offsetKey(args), args.offset);
          return true;
        }),
        delete: command('offset.delete', (args) => {
          const topic = this.#server.findTopic(args);
          if (topic === undefined) throw new RefusedError(Code.NOT_FOUND);
          if (!topic.offsets.delete(offsetKey(args))) throw new RefusedError(Code.NO_STORED_OFFSET);
          return true;
        }),
      },
      session: { login: command('session.login', () => ({ userId: 1 })) },
      system: {
        ping: command('system.ping', () => true),
        getStats: command('system.getStats', () => ({ hostname: 'stand-in', processId: process.pid, startTime: 1n })),
      },
      destroy: async () => {
        this.#destroyed = true;
      },
    };
  }

  #command<Answer>(name: string, work: () => Answer): Promise<Answer> {
    const turn = this.#last.then(async () => {
      if (this.#destroyed) throw new Error('connection is closed');
      // The server is another process: it is told in a later turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
      return this.#server.run(name, work);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #createStream(name: string): IggyStream {
    checkName(name, 'Stream');
    if (this.#server.findStream(name) !== undefined) throw new RefusedError(Code.STREAM_EXISTS);
    const stream = new Stream(freeId(this.#server.streams), name);
    this.#server.streams.set(stream.id, stream);
    return describeStream(stream);
  }

  #createTopic({ streamId, name, partitionCount, ...settings }: IggyTopicInit): IggyTopic {
    checkName(name, 'Topic');
    const { topics } = this.#server.stream(streamId);
    if (partitionCount > 1000) throw new RefusedError(Code.TOO_MANY_PARTITIONS);
    if (this.#server.findTopic({ streamId, topicId: name }) !== undefined) throw new RefusedError(Code.TOPIC_EXISTS);
    const topic = new Topic(freeId(topics), name, optionsOf(settings));
    changeSettings(topic, settings);
    addPartitions(topic, partitionCount);
    topics.set(topic.id, topic);
    return describeTopic(topic);
  }

  #updateTopic(args: { streamId: IggyId; topicId: IggyId; name: string } & IggyTopicSettings): boolean {
    checkName(args.name, 'Topic');
    const topic = this.#server.topic(args);
    const namesake = this.#server.findTopic({ streamId: args.streamId, topicId: args.name });
    if (namesake !== undefined && namesake !== topic) throw new RefusedError(Code.TOPIC_EXISTS);
    changeSettings(topic, args);
    topic.name = args.name;
    return true;
  }

  #send(
    args: { streamId: IggyId; topicId: IggyId; partition: { value: number } },
    messages: readonly Omit<Stored, 'offset' | 'timestamp'>[],
  ): { confirmations: { partitionId: number; baseOffset: bigint }[] } {
    const bytes = messages.reduce((sum, message) => sum + sizeOf(message), BATCH_HEADER_BYTES);
    if (bytes + 2 * BATCH_HEADER_BYTES > MAX_FRAME_BYTES) throw closed();
    const partition = this.#server.findTopic(args)?.partitions[args.partition.value];
    if (partition === undefined) throw new RefusedError(Code.NOT_FOUND);
    const timestamp = this.#server.now();
    const baseOffset = partition.nextOffset;
    for (const message of messages) {
      partition.messages.push({ ...message, timestamp, offset: partition.nextOffset });
      partition.nextOffset++;
    }
    if (!this.#server.confirms) return { confirmations: [] };
    return { confirmations: [{ partitionId: args.partition.value, baseOffset }] };
  }

  #poll(args: {
    streamId: IggyId;
    topicId: IggyId;
    partitionId: number;
    pollingStrategy: IggyPollingStrategy;
    count: number;
  }): IggyPolled {
    const { messages, currentOffset } = this.#server.partition(args, args.partitionId);
    const found = chosen(messages, args.pollingStrategy, args.count);
    const bytes = found.reduce((sum, message) => sum + sizeOf(message), 2 * BATCH_HEADER_BYTES);
    if (bytes > MAX_FRAME_BYTES) {
      throw Object.assign(new Error(`response frame of ${bytes} bytes`), { name: 'ProtocolFrameError' });
    }
    return { partitionId: args.partitionId, currentOffset, messages: found.map(describeMessage) };
  }
}
