import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Awaitable, isPromise } from '../../../src/contract/index.js';
import type { Kit } from '../kit.js';
import { StoreError } from '../store/store-error.js';
import type { Partition, Topic } from '../topic-registry.js';

/** Partitions that are visited before requests have their turn. */
const PARTITIONS_AT_A_TIME = 50;

/** Where maintenance reports a failure, and what it was doing. */
export interface Maintenance {
  readonly kit: Pick<Kit, 'warn' | 'topics'>;
  readonly job: 'retention' | 'compaction';
  /** Whether the broker is closing: a failure is expected then. */
  readonly isStopped: boolean;
}

/** Runs maintenance of one partition, or of producers. A failure warns the operator and fails no request. */
export function quietly(
  maintenance: Maintenance,
  partition: Partition | null,
  work: () => Awaitable<void>,
): Awaitable<void> {
  const failed = (error: unknown): void => {
    // Read now: it may have been stopped while the work was under way.
    if (partition?.topic.exists === false || maintenance.isStopped) return;
    const { kit, job } = maintenance;
    const where = partition === null ? 'producers' : `${partition.topic.name}-${String(partition.index)}`;
    const text = `${job} of ${where}: ${error instanceof Error ? error.message : 'it failed'}`;
    kit.warn(text, error instanceof StoreError ? `${job} of ${where}: ${error.code}` : text);
  };
  try {
    const done = work();
    return isPromise(done) ? done.then(undefined, failed) : undefined;
  } catch (error) {
    failed(error);
  }
}

/**
 * Runs maintenance of every partition, one after another, until it is stopped. Failures are handled as in
 * {@link quietly}.
 *
 * @param wanted - Selects topics. Default: all.
 */
export async function visitPartitions(
  maintenance: Maintenance,
  visit: (partition: Partition) => Awaitable<void>,
  wanted: (topic: Topic) => boolean = () => true,
): Promise<void> {
  let visited = 0;
  for (const topic of maintenance.kit.topics.all()) {
    if (!wanted(topic)) continue;
    for (const partition of topic.partitions) {
      if (maintenance.isStopped) return;
      const done = quietly(maintenance, partition, () => visit(partition));
      if (isPromise(done)) await done;
      if (++visited % PARTITIONS_AT_A_TIME === 0) await nextTurn();
    }
  }
}
