import { createHash } from 'node:crypto';
import { type StoredTopic, StoreError } from '../../broker/index.js';
import type { IggyClient, IggyStream, IggyTopic } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { DURABILITY_SETTINGS, durabilityOf, type IggyDurability, isWeaker } from '../sdk/durability.js';
import { IggyCommandError, mayBeDone, readError, storeError } from '../sdk/failures.js';
import { updateTopic } from '../sdk/features.js';
import type { StateShards } from '../state/state-shards.js';
import { configsOf, otherConfigs, settingsOf } from './topic-settings.js';

/** As many partitions as one command makes. */
const PARTITIONS_AT_A_TIME = 1000;

/** Names that Kafka's clients accept; Iggy takes any text. */
const KAFKA_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;

/** Under which key of the state the configs of a topic are that Iggy has no place for. */
const CONFIGS = 'topic/';

/** What the topics of a stream are made with. */
export interface TopicsContext {
  readonly pool: ClientPool;
  /** Name of the stream. */
  readonly stream: string;
  readonly state: StateShards;
  /** How often topics are looked at, in ms. */
  readonly refreshMs: number;
  /** What acknowledged records survive in topics that are created here. */
  readonly durability: IggyDurability;
  readonly warn: (message: string) => void;
}

/** The topics of one stream, by Kafka's names and ids. */
export class IggyTopics {
  readonly #context: TopicsContext;
  readonly #byId = new Map<string, StoredTopic>();
  readonly #configs = new Map<string, Readonly<Record<string, string>>>();
  #stream: IggyStream | null = null;
  #changed: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #signature = '';
  /** Counts what was changed here: a list that was asked for before may lack it. */
  #changes = 0;
  /** What the operator has been told. */
  readonly #told = new Set<string>();
  /** Topics whose acknowledged records survive less than the option says, with the warning that is due. By id. */
  readonly #weaker = new Map<string, string>();

  constructor(context: TopicsContext) {
    this.#context = context;
  }

  /** The store is open; the configs of topics that Iggy has no place for come with the state. */
  open(stream: IggyStream): void {
    this.#stream = stream;
    this.#byId.clear();
    this.#told.clear();
    this.#weaker.clear();
    this.reload();
  }

  /** Shard 0 of the state has been opened: the configs of topics are in it. */
  reload(): void {
    this.#configs.clear();
    for (const [key, value] of this.#context.state.own(CONFIGS)) {
      this.#configs.set(key, JSON.parse(Buffer.from(value).toString()) as Record<string, string>);
    }
  }

  close(): void {
    this.#stop();
    this.#changed = null;
  }

  /** The name of a topic. @throws StoreError `NOT_FOUND` */
  nameOf(topicId: string): string {
    return this.#known(topicId).name;
  }

  /** Ids of the topics that are known. */
  get ids(): ReadonlySet<string> {
    return new Set(this.#byId.keys());
  }

  /** The configs of a topic; none for one that is not known. */
  configs(topicId: string): Readonly<Record<string, string>> {
    return this.#byId.get(topicId)?.configs ?? {};
  }

  /** Warns at the first append to a topic whose acknowledged records survive less than the option says. */
  appending(topicId: string): void {
    const warning = this.#weaker.get(topicId);
    if (warning === undefined) return;
    this.#weaker.delete(topicId);
    this.#tell(warning, topicId);
  }

  async list(): Promise<readonly StoredTopic[]> {
    for (;;) {
      const changes = this.#changes;
      const topics = await this.#topics();
      if (changes !== this.#changes) continue;
      this.#signature = signature(this.#openStream(), topics);
      this.#byId.clear();
      this.#weaker.clear();
      return topics.map((topic) => this.#add(topic));
    }
  }

  async create({ name, partitionCount, configs }: StoredTopic): Promise<StoredTopic> {
    const { pool, state, durability } = this.#context;
    const what = `topic '${name}' cannot be created`;
    if (state.isOwnTopic(name)) throw new StoreError('INVALID', `Iggy: ${what}: the name is the adapter's own`);
    const { stream: streamId } = this.#context;
    const settings = { ...settingsOf(configs, partitionCount), ...DURABILITY_SETTINGS[durability] };
    const first = Math.min(partitionCount, PARTITIONS_AT_A_TIME);
    let topic: IggyTopic;
    try {
      topic = await pool.run((client) =>
        client.topic.create({ streamId, name, partitionCount: first, compressionAlgorithm: 1, ...settings }),
      );
    } catch (error) {
      topic = await this.#afterAll(error as IggyCommandError, name, what);
    }
    try {
      await this.#addPartitions(name, partitionCount - topic.partitionsCount);
      const id = topicId(this.#openStream(), topic);
      await this.#keepConfigs(id, configs);
    } catch (error) {
      // All or nothing, as far as the server can still be asked.
      const made = { streamId, topicId: name, partitionsCount: topic.partitionsCount };
      await pool.run((client) => client.topic.delete(made)).catch(() => undefined);
      throw storeError(error, what);
    }
    this.#changes++;
    return this.#add({ ...topic, partitionsCount: partitionCount });
  }

  async grow(id: string, partitionCount: number): Promise<void> {
    const stored = this.#known(id);
    try {
      // There may be more by now: by others, or by a command of ours whose answer did not come.
      const { partitionsCount } = await this.#current(id);
      await this.#addPartitions(stored.name, partitionCount - partitionsCount);
      if (stored.configs['retention.bytes'] !== undefined) await this.#update(stored, partitionCount);
    } catch (error) {
      throw storeError(error, `topic '${stored.name}' cannot get ${String(partitionCount)} partitions`);
    }
    this.#changes++;
    this.#byId.set(id, { ...stored, partitionCount });
  }

  async configure(id: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const stored = this.#known(id);
    // What is no longer said is no longer limited: Iggy cannot be told to go back to what it is set to.
    const whole = { 'retention.ms': '-1', 'retention.bytes': '-1', ...configs };
    const changed: StoredTopic = { ...stored, configs: whole };
    try {
      const { partitionsCount } = await this.#current(id);
      await this.#update(changed, partitionsCount);
      await this.#keepConfigs(id, configs);
    } catch (error) {
      throw storeError(error, `topic '${stored.name}' cannot be configured`);
    }
    this.#changes++;
    this.#byId.set(id, changed);
  }

  async delete(id: string): Promise<void> {
    const { name } = this.#known(id);
    const { pool, stream: streamId } = this.#context;
    try {
      const { partitionsCount } = await this.#current(id);
      await pool.run((client) => client.topic.delete({ streamId, topicId: name, partitionsCount }));
    } catch (error) {
      const gone = error instanceof IggyCommandError && mayBeDone(error) && (await this.#isGone(id));
      if (!gone) throw storeError(error, `topic '${name}' cannot be deleted`);
    }
    this.#changes++;
    this.#byId.delete(id);
    await this.#forgetConfigs(id);
  }

  /** Tells when topics change on Iggy's side. Returns how to stop. */
  watch(changed: () => void): () => void {
    this.#changed = changed;
    this.#goOn();
    return () => {
      this.#changed = null;
      this.#stop();
    };
  }

  /** Something that should be there is not, or has changed: whoever watches looks at once. */
  suspect(): void {
    this.#changed?.();
  }

  #goOn(): void {
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        if (this.#changed !== null) this.#goOn();
      });
    }, this.#context.refreshMs);
    this.#timer.unref();
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    try {
      const topics = await this.#topics();
      if (signature(this.#openStream(), topics) !== this.#signature) this.#changed?.();
    } catch {
      // Whoever needs the server learns of it.
    }
  }

  async #topics(): Promise<readonly IggyTopic[]> {
    const { pool, state, stream: streamId } = this.#context;
    const ask = async (client: IggyClient) =>
      [await client.stream.get({ streamId }), await client.topic.list({ streamId })] as const;
    const [stream, topics] = await pool.query(ask).catch((error: unknown) => {
      throw readError(error, 'topics cannot be listed');
    });
    this.#seen(stream);
    if (stream !== null) state.look(topics);
    return topics.filter(({ name }) => {
      if (state.isOwnTopic(name)) return false;
      if (KAFKA_NAME.test(name)) return true;
      this.#tell(`topic '${name}' is not shown: Kafka's clients accept no such name`);
      return false;
    });
  }

  /** The stream of this name may be another one by now, and so are its topics. */
  #seen(stream: IggyStream | null): void {
    const before = this.#openStream();
    const name = `stream '${this.#context.stream}'`;
    const gone = `${name} is not there any more, and none of its topics`;
    if (stream === null) {
      this.#tell(gone);
      return;
    }
    this.#told.delete(gone);
    if (stream.id === before.id && stream.createdAt.getTime() === before.createdAt.getTime()) return;
    this.#stream = stream;
    this.#configs.clear();
    this.#context.warn(`Iggy: ${name} was removed and made again, without groups and committed offsets`);
  }

  #tell(message: string, about = message): void {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    this.#context.warn(`Iggy: ${message}`);
  }

  /** A topic as it is now. @throws StoreError `NOT_FOUND` when it is gone, or another one has its name. */
  async #current(id: string): Promise<IggyTopic> {
    const { pool, stream: streamId } = this.#context;
    const { name } = this.#known(id);
    const topic = await pool
      .query((client) => client.topic.get({ streamId, topicId: name }))
      .catch((error: unknown) => {
        throw readError(error, `topic '${name}' cannot be read`);
      });
    if (topic !== null && topicId(this.#openStream(), topic) === id) return topic;
    this.suspect();
    throw new StoreError('NOT_FOUND', `Iggy: topic '${name}' with the id ${id} is not there any more`);
  }

  #add(topic: IggyTopic): StoredTopic {
    const { name, partitionsCount: partitionCount } = topic;
    const id = topicId(this.#openStream(), topic);
    const configs = { ...this.#configs.get(id), ...configsOf(topic) };
    const stored: StoredTopic = { id, name, partitionCount, configs };
    this.#byId.set(id, stored);
    this.#checkDurability(id, topic);
    return stored;
  }

  #checkDurability(id: string, topic: IggyTopic): void {
    const { durability: wanted } = this.#context;
    const durability = durabilityOf(topic);
    if (durability === null || !isWeaker(durability, wanted)) return;
    const lost = durability === 'none' ? 'if the process of the server is killed' : 'if the server loses power';
    const made = `it was created with durability '${durability}'; expected '${wanted}', which Iggy sets only on creation`;
    this.#weaker.set(id, `topic '${topic.name}' loses acknowledged records ${lost}: ${made}`);
  }

  /** The connection broke while a topic was made: it is there, or it is not. */
  async #afterAll(failure: IggyCommandError, name: string, what: string): Promise<IggyTopic> {
    if (!mayBeDone(failure)) throw storeError(failure, what);
    const ref = { streamId: this.#context.stream, topicId: name };
    const topic = await this.#context.pool.query((client) => client.topic.get(ref)).catch(() => null);
    if (topic === null) throw storeError(failure, what);
    return topic;
  }

  async #isGone(id: string): Promise<boolean> {
    try {
      const topics = await this.#topics();
      return topics.every((topic) => topicId(this.#openStream(), topic) !== id);
    } catch {
      return false;
    }
  }

  async #addPartitions(topic: string, count: number): Promise<void> {
    const ref = { streamId: this.#context.stream, topicId: topic };
    for (let left = count; left > 0; left -= PARTITIONS_AT_A_TIME) {
      const partitionCount = Math.min(left, PARTITIONS_AT_A_TIME);
      await this.#context.pool.run((client) => client.partition.create({ ...ref, partitionCount }));
    }
  }

  #update({ name, configs }: StoredTopic, partitionCount: number): Promise<unknown> {
    const ref = { streamId: this.#context.stream, topicId: name, name };
    const settings = settingsOf(configs, partitionCount);
    return this.#context.pool.query((client) => updateTopic(client, { ...ref, ...settings }));
  }

  async #keepConfigs(id: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const others = otherConfigs(configs);
    if (Object.keys(others).length === 0) {
      await this.#forgetConfigs(id);
      return;
    }
    await this.#context.state.putOwn(CONFIGS + id, Buffer.from(JSON.stringify(others)));
    this.#configs.set(id, others);
  }

  async #forgetConfigs(id: string): Promise<void> {
    if (this.#configs.delete(id)) await this.#context.state.putOwn(CONFIGS + id, null);
  }

  #known(topicId: string): StoredTopic {
    const known = this.#byId.get(topicId);
    if (known === undefined) throw new StoreError('NOT_FOUND', `there is no topic with the id ${topicId}`);
    return known;
  }

  #openStream(): IggyStream {
    if (this.#stream === null) throw new StoreError('UNAVAILABLE', 'Iggy: the store is not open');
    return this.#stream;
  }
}

/**
 * The id of a topic, which every gateway works out alike: a uuid (version 8) of what never changes of it, so that a topic
 * that is made again has another one.
 */
export function topicId(stream: IggyStream, { id, name, createdAt }: IggyTopic): string {
  const parts = [stream.id, stream.createdAt.getTime(), id, createdAt.getTime(), name];
  const bytes = createHash('sha256')
    .update(`iggy-gateway-kafka topic ${parts.join(' ')}`)
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function signature(stream: IggyStream, topics: readonly IggyTopic[]): string {
  const parts = topics.map(({ id, name, createdAt, partitionsCount, messageExpiry, maxTopicSize }) =>
    [id, createdAt.getTime(), partitionsCount, messageExpiry, maxTopicSize, name].join(' '),
  );
  return [stream.createdAt.getTime(), ...parts].join('\n');
}
