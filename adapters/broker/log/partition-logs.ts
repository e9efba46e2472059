import type { Kit } from '../kit.js';
import type { PartitionProducers, ProducerLog } from '../producers/partition-producers.js';
import { ProducerStateManager } from '../producers/producer-state-manager.js';
import type { Partition } from '../topic-registry.js';

/** What the kit keeps of one partition beside its records. */
export class PartitionLog implements ProducerLog {
  readonly partition: Partition;
  /** An append is under way; others wait for it. */
  busy = false;
  waiting: (() => void)[] | null = null;
  producers: PartitionProducers | null = null;
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

/** The partitions that are written to, and the idempotent producers of each. */
export class PartitionLogs {
  readonly producers: ProducerStateManager;
  private logs = new WeakMap<Partition, PartitionLog>();

  constructor(kit: Kit) {
    this.producers = new ProducerStateManager(kit, (partition) => this.logs.get(partition));
  }

  close(): void {
    this.producers.close();
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
}
