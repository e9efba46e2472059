import { type Awaitable, isPromise } from '../../../src/contract/index.js';
import { attempt } from '../awaitable.js';
import type { Kit } from '../kit.js';
import type { Partition } from '../topic-registry.js';
import { type Coverage, PartitionProducers, type ProducerLog } from './partition-producers.js';
import { ProducerStates } from './producer-sequences.js';

const PREFIX = 'log/producers/';

/** Snapshots of the producers of each partition in the durable state. */
export class ProducerSnapshots {
  readonly #kit: Pick<Kit, 'state'>;
  /** Those that were stored before the broker opened, until they are needed. */
  readonly #loaded = new Map<string, Buffer>();

  constructor(kit: Pick<Kit, 'state'>) {
    this.#kit = kit;
  }

  open(): void {
    for (const [key, value] of this.#kit.state.load(PREFIX)) this.#loaded.set(key, value);
  }

  close(): void {
    this.#loaded.clear();
  }

  /** Returns the producers of a log as they were stored, or none. */
  restore(log: ProducerLog, coverage: Coverage): PartitionProducers {
    const key = keyOf(log.partition);
    const bytes = this.#loaded.get(key);
    this.#loaded.delete(key);
    if (bytes === undefined) return new PartitionProducers(log, new ProducerStates(), coverage, 'none');
    const { states, isComplete } = ProducerStates.restore(bytes);
    return new PartitionProducers(log, states, coverage, isComplete ? 'complete' : 'incomplete');
  }

  /** Returns the producers of a new log, of which there are none. A stored snapshot is that of a log before it. */
  startAnew(log: ProducerLog): PartitionProducers {
    const isLoaded = this.#loaded.delete(keyOf(log.partition));
    return new PartitionProducers(log, new ProducerStates(), 'current', isLoaded ? 'uncertain' : 'none');
  }

  /** Stores a snapshot, unless the same one is stored. Throws or rejects as the durable state does. */
  save(producers: PartitionProducers, target: 'complete' | 'incomplete'): Awaitable<void> {
    const { states, snapshot, log } = producers;
    if (!log.partition.topic.exists) return;
    // Without producers there is nothing to store, unless more are announced.
    const isStored = snapshot === target || (snapshot === 'none' && target === 'complete');
    if (isStored && !states.dirty) return;
    states.dirty = false;
    // Outdated until the write has succeeded: others may be acknowledged only after it.
    if (snapshot !== 'outdated' || target === 'complete') producers.snapshot = target;
    producers.snapshotEnd = states.endOffset;
    producers.unsavedBytes = 0;
    return attempt(
      () => this.#kit.state.put(PREFIX + keyOf(log.partition), states.save(target === 'complete')),
      () => {
        if (producers.snapshot === 'outdated') producers.snapshot = target;
      },
      (error) => {
        states.dirty = true;
        // One that is outdated is incomplete as well, and stays so.
        if (producers.snapshot !== 'outdated') producers.snapshot = 'uncertain';
        throw error;
      },
    );
  }

  /** Deletes what may be stored of a deleted partition. */
  delete(partition: Partition, producers: PartitionProducers | null): void {
    const key = keyOf(partition);
    const isLoaded = this.#loaded.delete(key);
    if (!isLoaded && (producers === null || producers.snapshot === 'none')) return;
    const deleted = this.#kit.state.put(PREFIX + key, null);
    // A snapshot that stays behind is never asked for: topic ids do not come again.
    if (isPromise(deleted)) deleted.then(undefined, () => undefined);
  }
}

function keyOf({ id }: Partition): string {
  return `${id.topicId}/${String(id.partition)}`;
}
