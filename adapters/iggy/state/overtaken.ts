import { StoreError } from '../../broker/index.js';
import { EntryKind, readEntry } from './state-entry.js';
import { epochOf } from './state-replay.js';

// How a gateway notices that another one has opened a shard: by entries that stand before its own. `state-topic.ts`
// (`append`) and `state-rewriter.ts` (a topic with a higher number) look and throw; `iggy-shard.ts` (`#failure`) declares the
// loss, also where the topic is gone.

/** Another gateway has opened the shard: what is appended here since then does not count. */
export class OvertakenError extends StoreError {
  override readonly name: string = 'OvertakenError';

  constructor(topic: string) {
    super('FENCED', `Iggy: another gateway has opened the state in topic '${topic}'`);
  }
}

/**
 * What an entry of another gateway says of who owns the shard:
 *
 * - `void`: nothing; its writer had the shard before, or has lost it to us;
 * - `overtakes`: another one owns it. Any entry of a later epoch shows that, since the opening may stand where this gateway
 *   does not look: the topic had lost its tail. What this release cannot read, a later release has written;
 * - `rivals`: another one has opened it under the same number. The one that stands first in the log owns the shard, and
 *   the other writes nothing but this.
 */
export type Claim = 'void' | 'overtakes' | 'rivals';

/** Judges an entry of another gateway, as the gateway sees it that has opened the shard in an epoch. */
export function judge(payload: Buffer, epoch: number): Claim {
  const entry = readEntry(payload);
  if (entry === null) return 'overtakes';
  const other = epochOf(entry.sequence);
  if (other !== epoch) return other > epoch ? 'overtakes' : 'void';
  return entry.kind === EntryKind.OPENED ? 'rivals' : 'overtakes';
}
