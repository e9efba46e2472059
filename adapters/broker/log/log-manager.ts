import type { Kit, KitPart } from '../kit.js';
import { StoreError } from '../store/store-error.js';
import { ProducerIds } from '../producers/producer-ids.js';
import { Appends } from './appends.js';
import { Cleaner } from './cleaner.js';
import { Fetch } from './fetch.js';
import { LeaderEpochs } from './epoch-history.js';
import { PartitionLogs } from './partition-logs.js';
import { Produce } from './produce.js';
import { RetentionLoop } from './retention.js';

/** The logs of all partitions: appends, reads, leader epochs, idempotent producers, retention and compaction. */
export class LogManager implements KitPart {
  readonly produce: Produce;
  readonly fetch: Fetch;
  readonly epochs: LeaderEpochs;
  readonly producerIds: ProducerIds;
  readonly #logs: PartitionLogs;
  readonly #retention: RetentionLoop;
  readonly #cleaner: Cleaner;

  constructor(kit: Kit) {
    this.#logs = new PartitionLogs(kit);
    const { producers } = this.#logs;
    this.epochs = new LeaderEpochs(kit);
    this.#retention = new RetentionLoop(kit, producers);
    this.#cleaner = new Cleaner(kit);
    const appends = new Appends(kit, producers, this.epochs, this.#retention, this.#cleaner);
    this.produce = new Produce(kit, this.#logs, appends);
    this.fetch = new Fetch(kit);
    this.producerIds = new ProducerIds(kit);
  }

  open(): void {
    this.resume();
    this.#retention.start();
    this.#cleaner.start();
  }

  identified(): void {
    this.producerIds.open();
  }

  suspend(): void {
    this.#logs.producers.drop();
  }

  resume(): void {
    this.#logs.producers.open();
    this.epochs.open();
    this.producerIds.open();
  }

  async close(): Promise<void> {
    await Promise.all([this.#retention.stop(), this.#cleaner.stop()]);
    try {
      await this.#logs.producers.saveAll();
    } catch (error) {
      // Nothing is lost: the next start learns it from the logs, or it was kept after each append.
      if (!(error instanceof StoreError)) throw error;
    } finally {
      this.#logs.close();
      this.epochs.close();
    }
  }
}
