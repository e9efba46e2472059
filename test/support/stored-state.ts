import type { LogStore, ShardChange, ShardOpening, ShardValue, StateShard } from 'iggy-gateway-kafka/adapters/broker';
import { StoredState } from '../../adapters/broker/durable-state.js';

const NEVER = new AbortController().signal;

/** What opens shard 0 of a state of one shard, whatever it holds. */
export const OPENING: ShardOpening = {
  shard: 0,
  shardCount: 1,
  owner: Buffer.from('{"node":null,"isClosed":false}'),
  expectedEpoch: null,
  accept: () => undefined,
  fenced: () => undefined,
};

/** Opens the state of a store as a broker does, and fences the one that owns it. */
export async function openState(store: LogStore): Promise<{ readonly state: StoredState; readonly shard: StateShard }> {
  const shard = await store.openShard(OPENING, NEVER);
  const state = new StoredState({ load: () => shard.load(NEVER), put: (changes) => shard.put(changes) });
  await state.open();
  return { state, shard };
}

/** Returns what the state of a store holds, and leaves its owner alone. */
export async function readState(store: LogStore): Promise<readonly ShardValue[]> {
  let values: readonly ShardValue[] = [];
  const accept = (held: Iterable<ShardValue>): never => {
    values = Array.from(held, ([key, value]) => [key, Uint8Array.from(value)] as const);
    throw new Error('only read');
  };
  const opened = async (): Promise<StateShard> => store.openShard({ ...OPENING, accept }, NEVER);
  await opened().catch(() => undefined);
  return values;
}

/** Puts into the state of a store that no broker has open. */
export async function writeState(store: LogStore, changes: readonly ShardChange[]): Promise<void> {
  const shard = await store.openShard(OPENING, NEVER);
  await shard.put(changes);
  await shard.close(NEVER);
}
