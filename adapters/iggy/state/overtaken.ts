import { StoreError } from '../../broker/index.js';
import { decodeEntry, EntryKind, type StateEntry } from './state-entry.js';
import { epochOf } from './state-replay.js';

// How a gateway notices that another one has taken over its state: by entries that stand before its own. `state-topic.ts`
// (`append`) and `state-rewriter.ts` (a topic with a higher number) look and throw; `state-log.ts` (`#failure`) declares the
// loss, also where the topic is gone.

/** Another gateway has opened the log: what is appended here since then does not count. */
export class Overtaken extends StoreError {
  override readonly name: string = 'Overtaken';

  constructor(topic: string) {
    super('UNAVAILABLE', `Iggy: another gateway has opened the state in topic '${topic}'`);
  }
}

/** An entry; null for what this release cannot read. */
export function readEntry(payload: Buffer): StateEntry | null {
  try {
    return decodeEntry(payload);
  } catch {
    return null;
  }
}

/**
 * Whether an entry of another gateway shows that it has opened the log in an epoch or a later one. Any entry of a later one
 * does: the opening may stand where this gateway does not look, since the topic had lost its tail. What this release
 * cannot read, a later release has written.
 */
export function isOvertaking(payload: Buffer, epoch: number): boolean {
  const entry = readEntry(payload);
  if (entry === null) return true;
  const other = epochOf(entry.sequence);
  return other > epoch || (other === epoch && entry.kind === EntryKind.OPENED);
}
