import type { Kit, KitPart } from '../kit.js';
import { StoreError } from '../store/store-error.js';
import { Appends } from './appends.js';
import { Cleaner } from './cleaner.js';
import { Fetch } from './fetch.js';
import { LeaderEpochs } from './leader-epochs.js';
import { ListOffsets } from './list-offsets.js';
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.js';
import { PartitionLogs } from './partition-logs.js';
import { Produce } from './produce.js';
import { ProducerIds } from './producer-ids.js';
import { RetentionLoop } from './retention.js';

/** Produce, Fetch, ListOffsets, OffsetForLeaderEpoch and InitProducerId, and what keeps logs from growing for ever. */
export function createLogApis(kit: Kit): KitPart {
  const logs = new PartitionLogs(kit);
  const epochs = new LeaderEpochs(kit);
  const retention = new RetentionLoop(kit, logs);
  const cleaner = new Cleaner(kit);
  const produce = new Produce(kit, logs, new Appends(kit, logs, epochs, retention, cleaner));
  const fetch = new Fetch(kit);
  const listOffsets = new ListOffsets(kit, epochs);
  const producerIds = new ProducerIds(kit);
  const load = (): void => {
    logs.open();
    epochs.open();
    producerIds.open();
  };
  return {
    methods: {
      produce: (request, context) => produce.handle(request, context),
      fetch: (request, context) => fetch.handle(request, context),
      listOffsets: (request, context) => listOffsets.handle(request, context),
      offsetForLeaderEpoch: (request) => offsetForLeaderEpoch(kit, epochs, request),
      initProducerId: (request) => producerIds.handle(request),
    },
    open() {
      load();
      retention.start();
      cleaner.start();
    },
    identified: () => producerIds.open(),
    suspend: () => logs.drop(),
    resume: load,
    async close() {
      await Promise.all([retention.stop(), cleaner.stop()]);
      try {
        await logs.saveAll();
      } catch (error) {
        // Nothing is lost: the next start learns it from the logs, or it was kept after each append.
        if (!(error instanceof StoreError)) throw error;
      } finally {
        logs.close();
        epochs.close();
      }
    },
  };
}
