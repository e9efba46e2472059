import type { Awaitable } from '../../../src/contract/index.js';
import { isPromise } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { StoreError } from '../log-store.js';
import type { Partition } from '../topics/topic-registry.js';

/** Where maintenance reports a failure, and what it was doing. */
export interface Maintenance {
  readonly kit: Pick<Kit, 'warn'>;
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
    kit.warn(text, error instanceof StoreError ? `${job} of ${where}: ${error.kind}` : text);
  };
  try {
    const done = work();
    return isPromise(done) ? done.then(undefined, failed) : undefined;
  } catch (error) {
    failed(error);
  }
}
