import { settles } from '../../../src/contract/index.js';
import { type ShardChange, type ShardValue, type StateShard, StoreError } from '../../broker/index.js';
import { unlessAborted } from '../sdk/abortable.js';
import type { IggyTopic } from '../sdk/client.js';
import { storeError } from '../sdk/failures.js';
import { OvertakenError } from './overtaken.js';
import { SharedCheck } from './shared-check.js';
import { entryBytes, EntryKind, NO_VALUE, type StateEntryInit } from './state-entry.js';
import { type EntrySequence, epochOf } from './state-replay.js';
import { MAX_BYTES, MAX_ENTRIES, type StateRewriter } from './state-rewriter.js';
import type { StateTopic } from './state-topic.js';
import { OWN, type StateValues } from './state-values.js';

/** Entries that one put has at most, and their bytes: one send stores all of them or none. */
const MAX_PUT_ENTRIES = 10_000;
const MAX_PUT_BYTES: number = 32 * 1024 * 1024;

/** Milliseconds that `close` waits for pending changes after its signal has aborted. */
const CLOSING_MS = 1000;

/** Options of {@link IggyShard}. */
export interface ShardContext {
  readonly shard: number;
  /** Name of the stream. */
  readonly stream: string;
  /** Prefix of the names of the topics. */
  readonly prefix: string;
  /** Time between two checks that are made for suspicions, in ms. */
  readonly suspicionMs: number;
  /** The topic that is written to. */
  readonly topic: StateTopic;
  readonly sequence: EntrySequence;
  readonly values: StateValues;
  readonly rewriter: StateRewriter;
  readonly fenced: (error: StoreError) => void;
  /** Called with each stored change of the kit. */
  readonly stored: (key: string, value: Uint8Array | null) => void;
  readonly warn: (message: string) => void;
}

/** A put that waits for its send. */
interface Queued {
  readonly entries: readonly StateEntryInit[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * One opening of a shard. Its keys and values are entries in an Iggy topic; the last entry of a key is its value. Waiting
 * puts are sent together. A topic that has grown is rewritten into another topic, whose name has a higher number.
 *
 * The gateway that opened the shard last owns it. The next put or check of any other gateway fails, and so do all later ones.
 * That gateway then opens the shard again, as another object.
 */
export class IggyShard implements StateShard {
  readonly epoch: number;
  readonly #context: ShardContext;
  readonly #check: SharedCheck;
  readonly #queue: Queued[] = [];
  #flushing: Promise<void> | null = null;
  #topic: StateTopic;
  /** Error with which all later puts fail. */
  #lost: StoreError | null = null;
  #phase: 'opening' | 'open' | 'closing' | 'closed' = 'opening';

  constructor(context: ShardContext) {
    this.#context = context;
    this.#topic = context.topic;
    this.epoch = epochOf(context.sequence.last);
    this.#check = new SharedCheck(context.suspicionMs, () =>
      this.#enqueue([{ kind: EntryKind.CHECK, key: '', value: NO_VALUE }]),
    );
  }

  /** Hands the shard out: from now on its loss is reported. @throws StoreError `FENCED` where it is lost already. */
  start(): void {
    if (this.#lost !== null) throw this.#lost;
    this.#phase = 'open';
  }

  load(): Iterable<ShardValue> {
    return this.#context.values.ofKit();
  }

  /** Returns the adapter's values whose keys have this prefix, with the prefix removed. */
  own(prefix: string): Iterable<ShardValue> {
    return this.#context.values.own(prefix);
  }

  async put(changes: readonly ShardChange[]): Promise<void> {
    // Copy the values, because the kit may reuse their memory.
    const kept = changes.map(([key, value]): ShardChange => [key, value === null ? null : Uint8Array.from(value)]);
    await this.keep(kept);
    for (const [key, value] of kept) this.#context.stored(key, value);
  }

  putOwn(key: string, value: Uint8Array | null): Promise<void> {
    return this.keep([[OWN + key, value]]);
  }

  /** The same as `put`, for what the adapter adds to the kit's state: values are not copied, and not reported as stored. */
  async keep(changes: readonly ShardChange[]): Promise<void> {
    const entries = changes.map(([key, value]): StateEntryInit =>
      value === null ? { kind: EntryKind.FORGET, key, value: NO_VALUE } : { kind: EntryKind.PUT, key, value },
    );
    if (entries.length > 0) await this.#enqueue(entries);
  }

  async check(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#check.check(), signal, 'a check of the state');
  }

  /** Another gateway seems to have the shard: looks that up, at most once in `suspicionMs`. `fenced` hears what it finds. */
  suspect(): void {
    if (this.#isQuiet) this.#check.suspect();
  }

  /**
   * Looks at the topics of the stream, which are listed anyway. Nothing is asked as long as this gateway alone writes to
   * the shard.
   */
  look(topics: readonly IggyTopic[]): void {
    // While something is on its way, that finds out what there is.
    if (!this.#isQuiet || this.#flushing !== null) return;
    const { name, next } = this.#topic;
    const topic = topics.find((each) => each.name === name);
    if (topic === undefined || topic.messagesCount > next) void this.#check.check().catch(() => undefined);
  }

  /** Waits for pending changes. */
  async close(signal: AbortSignal): Promise<void> {
    this.#phase = 'closing';
    await settles(this.#flushing ?? undefined, signal, CLOSING_MS);
    this.#phase = 'closed';
  }

  /** Whether its loss is not known yet, and worth to be found. */
  get #isQuiet(): boolean {
    return this.#phase === 'open' && this.#lost === null;
  }

  #enqueue(entries: readonly StateEntryInit[]): Promise<void> {
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    if (entries.length > MAX_PUT_ENTRIES || bytes > MAX_PUT_BYTES) {
      const expected = `expected at most ${String(MAX_PUT_ENTRIES)} and ${String(MAX_PUT_BYTES)}`;
      const what = `a put has ${String(entries.length)} keys and ${String(bytes)} bytes; ${expected}`;
      return Promise.reject(new StoreError('INVALID', `Iggy: ${what}`));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ entries, bytes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // What is put in the same turn goes with it.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#next();
      const entries = batch.flatMap((queued) => queued.entries);
      try {
        await this.#append(entries);
        for (const entry of entries) this.#context.values.apply(entry);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const failure = this.#failure(error);
        for (const { reject } of batch) reject(failure);
        continue;
      }
      if (this.#context.rewriter.isDue(this.#topic)) await this.#rewrite(this.#topic);
    }
    // In the turn in which the queue was empty: what is put from now on begins anew.
    this.#flushing = null;
  }

  /** Takes whole puts that go into one send. */
  #next(): Queued[] {
    let bytes = 0;
    let entries = 0;
    let count = 0;
    for (const queued of this.#queue) {
      bytes += queued.bytes;
      entries += queued.entries.length;
      if (count > 0 && (bytes > MAX_BYTES || entries > MAX_ENTRIES)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #append(entries: readonly StateEntryInit[]): Promise<void> {
    if (this.#lost !== null) throw this.#lost;
    if (this.#phase === 'closed') throw new StoreError('UNAVAILABLE', 'Iggy: the state is closed');
    const topic = this.#topic;
    const { sequence } = this.#context;
    if (!topic.isCut) await topic.append(entries.map(({ kind, key, value }) => sequence.entry(kind, key, value)));
    // What was confirmed before is not there any more: nothing is, before all of it is written anew.
    if (topic.isCut) await this.#replaceCut(topic, entries);
  }

  async #replaceCut(before: StateTopic, changes: readonly StateEntryInit[]): Promise<void> {
    const { stream, warn, rewriter } = this.#context;
    const topic = await rewriter.replaceCut(before, changes);
    warn(
      `Iggy: topic '${before.name}' of stream '${stream}' had lost entries: the state was written anew into '${topic.name}'`,
    );
    this.#topic = topic;
    await before.drop();
  }

  async #rewrite(before: StateTopic): Promise<void> {
    try {
      const topic = await this.#context.rewriter.rewrite(before);
      if (topic === null) return;
      this.#topic = topic;
      await before.drop();
    } catch (error) {
      this.#failure(error);
    }
  }

  /** What a put failed with; from some failures on, all fail, and whoever has the shard is told why. */
  #failure(error: unknown): StoreError {
    if (this.#lost !== null) return this.#lost;
    const failure = storeError(error, 'state cannot be kept');
    if (!(failure instanceof OvertakenError) && failure.code !== 'NOT_FOUND') return failure;
    const { stream, prefix, fenced } = this.#context;
    const why =
      failure instanceof OvertakenError
        ? `another gateway has opened stream '${stream}' with stateTopic '${prefix}', which has groups and committed offsets from now on`
        : `topic '${this.#topic.name}' of stream '${stream}', which holds groups and committed offsets, is not there any more: it was removed, or another gateway has taken over`;
    this.#lost = new StoreError('FENCED', `Iggy: ${why}`, { cause: error });
    if (this.#phase === 'open') fenced(this.#lost);
    return this.#lost;
  }
}
