import type { Awaitable } from '../../src/contract/index.js';
import { asBuffer } from './as-buffer.js';
import type { DurableState } from './durable-state.js';
import type { ShardValue } from './store/state-shard.js';
import { StoreError } from './store/store-error.js';

/** Format of the durable state, and the first release that reads it. */
const STATE_FORMAT = { version: 1, release: '0.1.0' } as const;

const KEY = 'format';

/**
 * Refuses state that a later release has written in a format of its own.
 *
 * @throws StoreError `INVALID` naming the format and the release that reads it.
 */
export function checkStateFormat(values: Iterable<ShardValue>): void {
  for (const [key, value] of values) {
    if (key !== KEY) continue;
    const { version, release } = JSON.parse(asBuffer(value).toString()) as { version: number; release: string };
    if (version <= STATE_FORMAT.version) return;
    const expected = `expected format ${String(STATE_FORMAT.version)} or lower; use release ${release} or later`;
    throw new StoreError('INVALID', `broker: the stored state has format ${String(version)}; ${expected}`);
  }
}

/** Marks state without a format: release 0.1.0 wrote none, and used format 1. */
export function markStateFormat(state: DurableState): Awaitable<void> {
  const [stored] = state.load(KEY);
  if (stored === undefined) return state.put(KEY, Buffer.from(JSON.stringify(STATE_FORMAT)));
}
