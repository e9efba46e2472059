import { randomInt } from 'node:crypto';
import { TAGS } from '../records/message-ids.js';
import type { IggyShard } from './iggy-shard.js';

/** Under which key of the state the tag of message ids is. */
const TAG = 'message-tag';

/**
 * What marks the messages of this gateway's producers. Drawn once: it stays with the state, which gives out producer ids.
 *
 * @throws StoreError when it cannot be kept.
 */
export async function messageTag(state: Pick<IggyShard, 'own' | 'putOwn'>): Promise<number> {
  for (const [, value] of state.own(TAG)) return Buffer.from(value).readUInt32BE();
  const tag = randomInt(TAGS);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(tag);
  await state.putOwn(TAG, bytes);
  return tag;
}
