import type { Awaitable } from '../../../src/contract.js';
import { readBatches } from '../../../src/protocol/index.js';
import { andThen, attempt, isPromise } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { type LogBounds, type ReadResult, StoreError } from '../log-store.js';
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
/** How much is read at a time to learn of producers. */
const SCAN_BYTES = 1024 * 1024;

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
    if (log.producers !== null) return log.producers;
    const saved = this.saved.get(keyOf(log.partition));
    const states = saved === undefined ? new ProducerStates() : ProducerStates.restore(saved);
    const recovered = this.kit.store.capabilities.keepsBatches ? this.recover(log, states) : states;
    return andThen(recovered, (recoveredStates) => {
      this.known.add(log);
      return (log.producers = recoveredStates);
    });
  }

  /** What was appended last may be there or not: who produced it is learned from the log again, if it says so. */
  doubt(log: PartitionLog): void {
    if (this.kit.store.capabilities.keepsBatches) log.producers = null;
  }

  /** Keeps the producers of a partition over a restart. */
  save(log: PartitionLog): Awaitable<void> {
    if (log.producers?.dirty !== true || !log.partition.topic.exists) return;
    const { producers } = log;
    producers.dirty = false;
    // The records are there, whether this is kept or not: the next save has it.
    const failed = (error: unknown): void => {
      producers.dirty = true;
      if (!(error instanceof StoreError)) throw error;
      this.kit.warn(`the producers of a partition could not be saved: ${error.message}`);
    };
    return attempt(
      () => this.kit.state.put(PREFIX + keyOf(log.partition), producers.save()),
      () => undefined,
      failed,
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

  private recover(log: PartitionLog, saved: ProducerStates): Awaitable<ProducerStates> {
    return andThen(this.kit.store.bounds(log.partition.id), ({ startOffset, endOffset }: LogBounds) => {
      // A log that ends before what was saved is another one.
      const states = saved.endOffset > endOffset ? new ProducerStates() : saved;
      if (states.endOffset < startOffset) states.endOffset = startOffset;
      return this.scan(log, states);
    });
  }

  private scan(log: PartitionLog, states: ProducerStates): Awaitable<ProducerStates> {
    const { id } = log.partition;
    for (;;) {
      const entry = { partition: id, offset: states.endOffset, maxBytes: SCAN_BYTES, atLeastOneBatch: true };
      const results = this.kit.store.read([entry], null);
      if (isPromise(results)) {
        return results.then((read) => (this.absorb(states, read[0]!) ? states : this.scan(log, states)));
      }
      if (this.absorb(states, results[0]!)) return states;
    }
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
      if (!saved && (log?.producers ?? null) === null) continue;
      if (log !== undefined) this.known.delete(log);
      const forgotten = this.kit.state.put(PREFIX + key, null);
      if (isPromise(forgotten)) forgotten.then(undefined, () => undefined); // what stays behind, nobody asks for
    }
  }
}

function keyOf({ id }: Partition): string {
  return `${id.topicId}/${String(id.partition)}`;
}
