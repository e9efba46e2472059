import type { Endpoint } from '../../../src/contract/index.js';
import type { StateLog } from './state-log.js';

/** Under which keys of the state the node ids of gateways are: this, and what they advertise. */
const NODE = 'node/';

/** As many addresses are kept: gateways that get another one each time that they start leave theirs behind. */
const MAX_ADDRESSES = 1000;

/**
 * The node id of a gateway: the one that was set, or one that the state keeps for its address, so that it is the same
 * after a restart and no two addresses have one. Clients keep connections by node id.
 *
 * @param wanted - The id that was set; null for none.
 * @throws StoreError when it cannot be kept.
 */
export async function assignNodeId(state: StateLog, { host, port }: Endpoint, wanted: number | null): Promise<number> {
  const address = `${host}:${String(port)}`;
  const ids = new Map(Array.from(state.own(NODE), ([key, value]) => [key, Number(Buffer.from(value).toString())]));
  const known = ids.get(address);
  const id = wanted ?? known ?? lowestFree(new Set(ids.values()));
  if (known === id) return id;
  const stale = Array.from(ids).find(([key, other]) => key !== address && other === id);
  const [oldest] = ids.size >= MAX_ADDRESSES ? ids.keys() : [];
  const dropped = new Set([stale?.[0], oldest].filter((key) => key !== undefined));
  await Promise.all([
    state.putOwn(NODE + address, Buffer.from(String(id))),
    ...Array.from(dropped, (key) => state.putOwn(NODE + key, null)),
  ]).catch(unlessLost(state));
  return id;
}

/** Ignores what failed because another gateway has the state: it is done again once the state is regained. */
export function unlessLost(state: StateLog): (error: unknown) => void {
  return (error) => {
    if (state.lost === null) throw error;
  };
}

function lowestFree(taken: ReadonlySet<number>): number {
  let id = 1;
  while (taken.has(id)) id++;
  return id;
}
