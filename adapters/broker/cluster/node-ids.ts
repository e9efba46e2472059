import type { Endpoint } from '../../../src/contract/index.js';
import type { DurableState } from '../durable-state.js';
import { StoreError } from '../store/store-error.js';

/** Prefix of the keys of node ids. The advertised address follows. */
const PREFIX = 'cluster/node/';

/** Maximum number of stored addresses. Brokers whose address changes at each start leave old addresses behind. */
const MAX_ADDRESSES = 1000;

/**
 * Returns the node id of a broker: the configured one, or one that the state stores for its address. A stored id stays the
 * same after a restart, and no two addresses share it. Clients keep connections by node id.
 *
 * @param wanted - The configured id; null if there is none.
 * @throws StoreError if the id cannot be stored, except while another broker owns the state.
 */
export async function assignNodeId(
  state: DurableState,
  { host, port }: Endpoint,
  wanted: number | null,
): Promise<number> {
  const address = `${host}:${String(port)}`;
  const ids = new Map(Array.from(state.load(PREFIX), ([key, value]) => [key, Number(value.toString())]));
  const known = ids.get(address);
  const id = wanted ?? known ?? lowestFree(new Set(ids.values()));
  if (known === id) return id;
  const stale = Array.from(ids).find(([key, other]) => key !== address && other === id);
  const [oldest] = ids.size >= MAX_ADDRESSES ? ids.keys() : [];
  const dropped = new Set([stale?.[0], oldest].filter((key) => key !== undefined));
  try {
    await Promise.all([
      state.put(PREFIX + address, Buffer.from(String(id))),
      ...Array.from(dropped, (key) => state.put(PREFIX + key, null)),
    ]);
  } catch (error) {
    // Another broker owns the state. The id is stored once the state is regained.
    if (!(error instanceof StoreError) || error.code !== 'FENCED') throw error;
  }
  return id;
}

function lowestFree(taken: ReadonlySet<number>): number {
  let id = 1;
  while (taken.has(id)) id++;
  return id;
}
