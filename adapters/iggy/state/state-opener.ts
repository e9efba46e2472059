import { StoreError } from '../../broker/index.js';
import { EntryKind } from './state-entry.js';
import type { StateGenerations } from './state-generations.js';
import { type EntrySequence, epochOf, StateReplay } from './state-replay.js';
import type { StateRewriter } from './state-rewriter.js';
import type { StateTopic } from './state-topic.js';
import type { StateValues } from './state-values.js';

/** A topic that was there when the log was opened, and what it says. */
interface Opened {
  readonly topic: StateTopic;
  readonly replay: StateReplay;
}

/** What the opening of a log works on. */
export interface OpenerContext {
  readonly generations: StateGenerations;
  readonly sequence: EntrySequence;
  readonly values: StateValues;
  readonly rewriter: StateRewriter;
}

/**
 * Replays the topics of the log, and opens each, so that the gateway before keeps nothing in it any more.
 *
 * @returns The topic to write to; null when there is more than was read, or what was read is not there any more: then it is
 * to be done again.
 * @throws StoreError, CommandFailure
 */
export async function openState(context: OpenerContext): Promise<StateTopic | null> {
  const { generations, sequence, rewriter } = context;
  const listed = await generations.list();
  const opened: Opened[] = listed.map((number) => ({ topic: generations.topic(number), replay: new StateReplay() }));
  for (const { topic, replay } of opened) if (!(await topic.replay((entry) => replay.add(entry)))) return null;
  let state = take(opened, context);
  // Once opened here, the topics accept puts of no other gateway, and can be dropped.
  for (const { topic, replay } of opened) {
    for (;;) {
      const own = sequence.entry(EntryKind.OPENED);
      const between = await topic.open(own);
      if (between.length === 0) break;
      for (const entry of [...between, own]) replay.add(entry);
      state = take(opened, context);
      // Another one may have opened it with the same right: then the later one says it again.
      if (between.some((entry) => epochOf(entry.sequence) >= epochOf(own.sequence))) continue;
      sequence.last = own.sequence;
      break;
    }
  }
  generations.last = listed.at(-1) ?? 0;
  const [only, ...more] = opened;
  const isWhole = only !== undefined && more.length === 0 && state.complete > 0 && !only.topic.isCut;
  // The first start, or writing it anew was broken off: entries that count may be in each of them.
  const topic = isWhole ? only.topic : await rewriter.copy();
  // Where another gateway has written the log anew meanwhile, it goes on there.
  const known = new Set([...listed, generations.last]);
  if (!(await generations.list()).every((number) => known.has(number))) {
    if (!isWhole) await topic.drop();
    return null;
  }
  // An old server confirms no offset. One that knows a message already may leave it out as well, but not of a new one.
  if (!topic.hasConfirmed) await topic.append([sequence.entry(EntryKind.OPENED)]);
  if (!topic.hasConfirmed) throw unconfirmed();
  for (const before of opened) if (before.topic !== topic) await before.topic.drop();
  return topic;
}

/** What the topics say together, the oldest first. */
function take(opened: readonly Opened[], { sequence, values }: OpenerContext): StateReplay {
  const state = new StateReplay();
  for (const { replay } of opened) state.followedBy(replay);
  sequence.last = state.nextEpoch;
  values.replace(state.values());
  return state;
}

function unconfirmed(): StoreError {
  const why = 'the server does not confirm the offsets of messages, so that producers cannot be told them';
  return new StoreError('INVALID', `Iggy: ${why}: version 0.9 or later of Iggy's server is needed`);
}
