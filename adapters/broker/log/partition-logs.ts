import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Awaitable } from '../../../src/contract.js';
import { readBatches } from '../../../src/protocol/index.js';
import { isPromise, andThen, attempt } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { type ReadResult, StoreError } from '../log-store.js';
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
  /** Its first offset when something was last appended. */
  startOffset = 0;
  /** The leader epoch of the last append. */
  epoch = -1;
  /** Bytes appended since its size was last looked at. */
  grown = 0;

  constructor(partition: Partition) {
    this.partition = partition;
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

/** The partitions that are written to, and the idempotent producers of each, which a restart does not forget. */
export class PartitionLogs {
  private readonly kit: Kit;
  private logs = new WeakMap<Partition, PartitionLog>();
  private stopListening: (() => void) | null = null;
  /** Those with producers. */
  private readonly known = new Set<PartitionLog>();
  /** What was saved before this backend was opened, until it is needed. */
  private readonly saved = new Map<string, Buffer>();

  constructor(kit: Kit) {
    this.kit = kit;
  }

  open(): void {
    this.saved.clear();
    this.known.clear();
    for (const [key, value] of this.kit.state.load(PREFIX)) this.saved.set(key, value);
    this.stopListening = this.kit.topics.onDeleted((topic) => {
      this.forget(topic);
    });
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
    return log.behind ? this.catchUp(log, states) : states;
  }

  private load(log: PartitionLog): ProducerStates {
    const key = keyOf(log.partition);
    const saved = this.saved.get(key);
    log.behind = this.kit.store.capabilities.keepsBatches;
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
    if (log.producers !== null) log.behind = this.kit.store.capabilities.keepsBatches;
  }

  /** Keeps the producers of a partition over a restart. */
  save(log: PartitionLog): Awaitable<void> {
    const { producers } = log;
    if (producers?.dirty !== true || !log.partition.topic.exists) return;
    producers.dirty = false;
    log.kept = true;
    return attempt(
      () => this.kit.state.put(PREFIX + keyOf(log.partition), producers.save()),
      () => undefined,
      (error) => {
        producers.dirty = true;
        throw error;
      },
    );
  }

  /** Saves all that changed, without producers that have been idle for too long. */
  async saveAll(): Promise<void> {
    const before = this.kit.clock.now() - this.kit.config.get('producer.id.expiration.ms');
    for (const log of this.known) {
      log.producers?.expire(before);
      await this.save(log);
    }
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
      if (this.logs.get(log.partition) !== log) throw new StoreError('unavailable', 'the broker is closing');
      atEnd = await this.scan(log, states);
    }
    // So that the next start does not look through all of it again.
    states.dirty = true;
    log.behind = false;
    return states;
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
