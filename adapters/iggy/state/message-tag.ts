import { randomInt } from 'node:crypto';
import { TAGS } from '../records/message-ids.js';
import type { IggyShard } from './iggy-shard.js';

/** Key of the tag in the state. */
const TAG = 'message-tag';

/**
 * Returns the tag that marks the messages of this gateway's producers. It is generated once and stored in the state, which
 * also allocates the producer ids.
 *
 * @throws StoreError if the tag cannot be stored.
 */
export async function messageTag(state: Pick<IggyShard, 'own' | 'putOwn'>): Promise<number> {
  for (const [, value] of state.own(TAG)) return Buffer.from(value).readUInt32BE();
  const tag = randomInt(TAGS);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(tag);
  await state.putOwn(TAG, bytes);
  return tag;
}
