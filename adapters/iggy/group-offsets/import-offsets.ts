import { encodeStoredOffset, type StoredTopic, storedOffsetKey } from '../../broker/index.js';
import type { IggyConsumer } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { readError } from '../sdk/failures.js';
import { EXTERNAL_GROUP } from '../sdk/features.js';
import type { IggyShard } from '../state/iggy-shard.js';

/** Where Iggy's Kafka gateway in Rust keeps the offsets of a group: under this and the group id, on each topic. */
export const GROUP_PREFIX = 'kafka.cg.';

/** Our mark that a group was taken over: what is deleted or set here later is not to come back. */
const DONE = 'imported/';

/** Others see that this gateway is alive at least once in so many partitions of a topic. */
const PARTITIONS_PER_CHECK = 100;

interface Context {
  readonly pool: ClientPool;
  readonly state: IggyShard;
  readonly stream: string;
  readonly topics: readonly StoredTopic[];
  /** Shows others that this gateway is alive. @throws StoreError `FENCED` */
  readonly alive: () => Promise<void>;
  readonly warn: (message: string) => void;
}

/**
 * Takes over what groups committed through Iggy's Kafka gateway in Rust: once for each group, and only for partitions that
 * it has committed nothing for here.
 *
 * @throws StoreError when Iggy cannot be asked.
 */
export async function importOffsets(groups: readonly string[], context: Context): Promise<void> {
  const { state, warn } = context;
  const done = new Set(Array.from(state.own(DONE), ([group]) => group));
  for (const group of groups) {
    if (done.has(group)) continue;
    const found = await importGroup(group, context);
    if (found > 0) await state.putOwn(DONE + group, Uint8Array.of(1));
    else warn(`Iggy: the group '${group}' has no offsets of Iggy's Kafka gateway, or the server does not show them`);
  }
}

async function importGroup(group: string, context: Context): Promise<number> {
  const { pool, state, stream: streamId, topics, alive } = context;
  const consumer: IggyConsumer = { kind: EXTERNAL_GROUP, id: GROUP_PREFIX + group };
  const own = new Set(Array.from(state.load(), ([key]) => key));
  const values: (readonly [key: string, value: Uint8Array])[] = [];
  let found = 0;
  for (const { id, name, partitionCount } of topics) {
    for (let partitionId = 0; partitionId < partitionCount; partitionId++) {
      if (partitionId % PARTITIONS_PER_CHECK === 0) await alive();
      const ref = { streamId, topicId: name, partitionId, consumer };
      const stored = await pool
        .query((client) => client.offset.get(ref))
        .catch((error: unknown) => {
          throw readError(error, `offsets of the group '${group}' cannot be read`);
        });
      if (stored === null) continue;
      found++;
      const key = storedOffsetKey({ topicId: id, partition: partitionId, groupId: group });
      if (own.has(key)) continue;
      values.push([key, encodeStoredOffset(stored.storedOffset, Date.now())]);
    }
  }
  // Once all are known: what fails in between leaves nothing under way.
  await Promise.all(values.map((value) => state.keep([value])));
  return found;
}
