import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Awaitable } from '../../../src/contract/index.js';
import { readBatches, type RecordBatch } from '../../../src/protocol/index.js';
import { isPromise, andThen, attempt } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { type PartitionId, type ReadResult, StoreError } from '../log-store.js';
import type { Partition, Topic } from '../topics/topic-registry.js';
import { ProducerStates } from './producer-states.js';

/** What the kit keeps of one partition beside its records. */
export class PartitionLog {
  readonly partition: Partition;
  /** An append is under way; others wait for it. */
  busy = false;
  waiting: (() => void)[] | null = null;
  /** Its producers; null as long as nobody needed them. */
  producers: ProducerStates | null = null;
  /** The log may have batches that its producers do not know of yet, from their end offset on. */
  behind = false;
  /** Something of its producers may be kept in the durable state. */
  kept = false;
  /** What is kept says that the log may tell of more. */
  open = false;
  /** It could not be kept when that was tried last: what comes next waits until it can. */
  unkept = false;
  /** How far the log was when its producers were saved last. */
  savedEnd = 0;
  /** The log was cut behind that, and others have taken the offsets. */
  cut = false;
  /** How much there is to look through since then. */
  unsaved = 0;
  /** Its first offset when something was last appended. */
  startOffset = 0;
  /** The leader epoch of the last append. */
  epoch = -1;
  /** Bytes appended since its size was last looked at. */
  grown = 0;

  constructor(partition: Partition) {
    this.partition = partition;
  }

  /** Forgets its producers: what is kept of them may be another broker's since. */
  dropProducers(): void {
    this.producers = null;
    this.behind = false;
    this.kept = false;
    this.open = false;
    this.unkept = false;
    this.savedEnd = 0;
    this.cut = false;
    this.unsaved = 0;
  }

  /** The append is over: the next one goes on, and nobody comes in between. */
  release(): void {
    const next = this.waiting?.shift();
    if (next === undefined) this.busy = false;
    else next();
  }
}

const PREFIX = 'log/producers/';
/** How much is read to learn of producers before others have their turn: some 4,000 of the smallest batches. */
const SCAN_BYTES = 256 * 1024;
/** How much may be appended before producers are saved that the log tells of: a start looks through it in a moment. */
const UNSAVED_BYTES = 16 * 1024 * 1024;
/** What a record counts for beside its bytes. */
const RECORD_COST = 256;

/** The partitions that are written to, and the idempotent producers of each, which a restart does not forget. */
export class PartitionLogs {
  private readonly kit: Kit;
  /** The log tells who produced its records, though batches are not kept. */
  private readonly tells: boolean;
  private logs = new WeakMap<Partition, PartitionLog>();
  private stopListening: (() => void) | null = null;
  /** Those with producers. */
  private readonly known = new Set<PartitionLog>();
  /** What was saved before this backend was opened, until it is needed. */
  private readonly saved = new Map<string, Buffer>();

  constructor(kit: Kit) {
    this.kit = kit;
    this.tells = kit.store.producedFrom !== undefined;
  }

  open(): void {
    this.drop();
    for (const [key, value] of this.kit.state.load(PREFIX)) this.saved.set(key, value);
    this.stopListening?.();
    const unlisten = this.kit.topics.onDeleted((topic) => {
      this.forget(topic);
    });
    const unwatch = this.kit.store.watchTruncation?.((partition, endOffset) => {
      this.truncated(partition, endOffset);
    });
    this.stopListening = () => {
      unlisten();
      unwatch?.();
    };
  }

  /** The store has lost what was at an offset and behind it. */
  private truncated({ topicId, partition: index }: PartitionId, endOffset: number): void {
    const partition = this.kit.topics.byId(topicId)?.partitions[index];
    if (partition !== undefined) this.logs.get(partition)?.producers?.truncate(endOffset);
  }

  /** Forgets all producers: another broker has the state. Appends that are under way keep their place. */
  drop(): void {
    for (const log of this.known) log.dropProducers();
    this.known.clear();
    this.saved.clear();
  }

  close(): void {
    this.stopListening?.();
    this.logs = new WeakMap();
  }

  of(partition: Partition): PartitionLog {
    let log = this.logs.get(partition);
    if (log === undefined) {
      log = new PartitionLog(partition);
      this.logs.set(partition, log);
    }
    return log;
  }

  /** The producers of a partition: what was saved, and what its batches say since then. */
  producers(log: PartitionLog): Awaitable<ProducerStates> {
    const states = log.producers ?? this.load(log);
    if (log.behind) return this.tells ? this.learn(log, states) : this.catchUp(log, states);
    return this.tells && (!log.open || log.unkept) ? this.announce(log, states) : states;
  }

  private load(log: PartitionLog): ProducerStates {
    const key = keyOf(log.partition);
    const saved = this.saved.get(key);
    log.behind = this.kit.store.capabilities.keepsBatches || this.tells;
    return this.know(log, key, saved === undefined ? new ProducerStates() : ProducerStates.restore(saved));
  }

  /**
   * Something was appended at the very beginning of a log of whose producers nothing is known: there are none, and
   * whoever produces to it later need not look through it.
   */
  begun(log: PartitionLog, endOffset: number): void {
    if (!this.kit.store.capabilities.keepsBatches) return;
    const states = new ProducerStates();
    states.endOffset = endOffset;
    this.know(log, keyOf(log.partition), states);
  }

  private know(log: PartitionLog, key: string, states: ProducerStates): ProducerStates {
    log.kept = this.saved.delete(key);
    if (log.partition.topic.exists) this.known.add(log);
    return (log.producers = states);
  }

  /** What was appended last may be there or not: who produced it is learned from the log, if it says so. */
  doubt(log: PartitionLog): void {
    if (log.producers !== null) log.behind = this.kit.store.capabilities.keepsBatches || this.tells;
  }

  /** A producer's batch was appended. */
  produced(log: PartitionLog, { start, end, recordCount }: RecordBatch, baseOffset: number): void {
    log.unsaved += end - start + recordCount * RECORD_COST;
    if (baseOffset < log.savedEnd) log.cut = true;
  }

  /** Keeps over a restart who produced what was appended; what the log tells of, only now and then. */
  keep(log: PartitionLog): Awaitable<void> {
    if (!this.tells) return this.save(log, log.producers);
    // Where it was cut, a start would not look.
    if (!log.cut && log.unsaved < UNSAVED_BYTES) return;
    const saved = this.save(log, log.producers);
    if (log.cut) return andThen(saved, () => void (log.cut = false));
    // Without it, a start has more to look through.
    if (isPromise(saved)) saved.then(undefined, () => undefined);
  }

  /** Keeps the producers of a partition over a restart. */
  private save(log: PartitionLog, producers: ProducerStates | null, open = this.tells): Awaitable<void> {
    if (producers === null || !log.partition.topic.exists) return;
    if (!producers.dirty && open === log.open && !log.unkept) return;
    producers.dirty = false;
    log.kept = true;
    log.savedEnd = producers.endOffset;
    log.unsaved = 0;
    return attempt(
      () => this.kit.state.put(PREFIX + keyOf(log.partition), producers.save(open)),
      () => void (log.unkept = false),
      (error) => {
        producers.dirty = true;
        log.unkept = true;
        throw error;
      },
    );
  }

  /** Saves all that changed, without producers that have been idle for too long. */
  async saveAll(): Promise<void> {
    try {
      await this.saveEach();
    } catch (error) {
      // Nor would those be kept that come after it: another gateway may have the state.
      if (this.tells) for (const log of this.known) log.unkept = true;
      throw error;
    }
  }

  private async saveEach(): Promise<void> {
    const before = this.kit.clock.now() - this.kit.config.get('producer.id.expiration.ms');
    for (const log of this.known) {
      // It is not all learned yet, or about to be announced.
      if (this.tells && (log.behind || (log.busy && !log.open))) continue;
      log.producers?.expire(before);
      // With nothing under way, all is in there until an append says otherwise.
      const open = log.open && log.busy;
      const saved = this.save(log, log.producers, open);
      log.open = open;
      await saved;
    }
  }

  /** Says, before something is appended, that the log will tell of more than is saved. */
  private announce(log: PartitionLog, states: ProducerStates): Awaitable<ProducerStates> {
    return andThen(this.save(log, states, true), () => {
      if (log.producers === states) log.open = true;
      return states;
    });
  }

  /** Learns from the log what it tells of producers since they were saved. Nobody produced to one of which nothing is. */
  private async learn(log: PartitionLog, states: ProducerStates): Promise<ProducerStates> {
    const { store, clock } = this.kit;
    const { id } = log.partition;
    const { startOffset, endOffset } = await store.bounds(id);
    if ((states.open || log.open) && states.endOffset < endOffset) {
      const now = clock.now();
      await store.producedFrom?.(id, Math.max(startOffset, states.endOffset), (batch) => {
        states.appended(batch, batch.baseOffset, now);
      });
    }
    this.requireOpen(log);
    if (log.producers !== states) return states;
    states.truncate(endOffset);
    states.endOffset = endOffset;
    log.behind = false;
    return this.announce(log, states);
  }

  /** A failure leaves it behind, as far as it came: the next one goes on from there. */
  private catchUp(log: PartitionLog, known: ProducerStates): Awaitable<ProducerStates> {
    return andThen(this.kit.store.bounds(log.partition.id), ({ startOffset, endOffset }) => {
      // A log that ends before what is known of it is another one.
      const states = known.endOffset > endOffset ? (log.producers = new ProducerStates()) : known;
      if (states.endOffset < startOffset) states.endOffset = startOffset;
      return andThen(this.scan(log, states), (atEnd) => {
        if (!atEnd) return this.scanOn(log, states);
        log.behind = false;
        return states;
      });
    });
  }

  /** Many batches, or an engine that takes its time: others have their turns meanwhile. */
  private async scanOn(log: PartitionLog, states: ProducerStates): Promise<ProducerStates> {
    let atEnd = false;
    while (!atEnd) {
      await nextTurn();
      this.requireOpen(log);
      atEnd = await this.scan(log, states);
    }
    // So that the next start does not look through all of it again.
    states.dirty = true;
    log.behind = false;
    return states;
  }

  private requireOpen(log: PartitionLog): void {
    if (this.logs.get(log.partition) !== log) throw new StoreError('unavailable', 'the broker is closing');
  }

  /** Reads on; true at the end of the log. */
  private scan({ partition: { id } }: PartitionLog, states: ProducerStates): Awaitable<boolean> {
    const entry = { partition: id, offset: states.endOffset, maxBytes: SCAN_BYTES, atLeastOneBatch: true };
    return andThen(this.kit.store.read([entry], null), (read) => this.absorb(states, read[0]!));
  }

  /** True at the end of the log. */
  private absorb(states: ProducerStates, result: ReadResult): boolean {
    if (result.error !== undefined) throw result.error;
    const now = this.kit.clock.now();
    for (const chunk of result.chunks) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (const batch of readBatches(bytes)) {
        if (batch.lastOffset < states.endOffset) continue;
        if (batch.producerId >= 0 && !batch.isControl) states.appended(batch, batch.baseOffset, now);
        states.endOffset = batch.lastOffset + 1;
      }
    }
    result.release?.();
    return result.bytes === 0 || states.endOffset >= result.endOffset;
  }

  private forget(topic: Topic): void {
    for (const partition of topic.partitions) {
      const log = this.logs.get(partition);
      const key = keyOf(partition);
      const saved = this.saved.delete(key);
      if (log !== undefined) this.known.delete(log);
      if (!saved && log?.kept !== true) continue;
      const forgotten = this.kit.state.put(PREFIX + key, null);
      if (isPromise(forgotten)) forgotten.then(undefined, () => undefined); // what stays behind, nobody asks for
    }
  }
}

function keyOf({ id }: Partition): string {
  return `${id.topicId}/${String(id.partition)}`;
}
