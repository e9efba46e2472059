import { CodedError } from '../../../src/contract/index.js';
import { type ShardOpening, StoreError } from '../../broker/index.js';
import { throwIfAborted } from '../sdk/abortable.js';
import { currentEntry, type ShardGenerations } from './shard-generations.js';
import { EntryKind, type StateEntry } from './state-entry.js';
import type { StateLayout } from './state-layout.js';
import { type EntrySequence, epochOf, newest, StateReplay } from './state-replay.js';
import type { StateRewriter } from './state-rewriter.js';
import type { StateTopic } from './state-topic.js';
import type { StateTopicName } from './state-topics.js';
import type { StateValues } from './state-values.js';

/** A topic that was there when the shard was opened, and what it says. */
interface Opened {
  readonly name: StateTopicName;
  readonly topic: StateTopic;
  readonly replay: StateReplay;
}

/** What the opening of a shard works on. */
export interface OpenerContext {
  readonly opening: ShardOpening;
  readonly layout: StateLayout;
  readonly generations: ShardGenerations;
  readonly sequence: EntrySequence;
  readonly values: StateValues;
  readonly rewriter: StateRewriter;
  /** Epochs of openings that this one may replace, which it adds its own to; null for any. */
  readonly replaceable: Set<number> | null;
  readonly signal: AbortSignal;
}

/** What `accept` threw, as it is. */
export class StateRefusedError extends CodedError {
  override readonly name: string = 'StateRefusedError';
  readonly code = 'STATE_REFUSED';

  constructor(readonly reason: unknown) {
    super('the state was refused');
  }
}

/**
 * Replays the topics of a shard, and opens each, so that the gateway before keeps nothing in it any more.
 *
 * @returns The topic to write to; null when there is more than was read, or what was read is not there any more: then it is
 * to be done again.
 * @throws StateRefusedError, StoreError, IggyCommandError
 */
export async function openState(context: OpenerContext): Promise<StateTopic | null> {
  const { layout, generations, rewriter, sequence, opening, signal } = context;
  generations.layouts = await layout.read();
  const listed = await generations.list();
  const found: Opened[] = listed.map((name) => ({ name, topic: generations.topic(name), replay: new StateReplay() }));
  for (const each of found) if (!(await each.topic.replay((entry) => add(each, entry)))) return null;
  take(found, context);
  checkStanding(found, context);
  accept(context);
  throwIfAborted(signal, 'opening a shard');
  if (generations.layouts.size === 0) generations.layouts = await layout.establish();
  // One that was empty may have the layout now.
  const opened = found.filter(({ name }) => !generations.layouts.has(name.name));
  // Once opened here, the topics accept puts of no other gateway, and can be dropped.
  for (const each of opened) await open(each, opened, context);
  const state = merged(opened);
  generations.last = Math.max(generations.last, ...listed.map(({ shard, number }) => (shard === null ? 0 : number)));
  const known = new Set(listed.map(({ name }) => name));
  const hasMore = async (): Promise<boolean> => (await generations.list()).some(({ name }) => !known.has(name));
  // Where another gateway has written the shard anew before it was opened here, it has gone on there.
  if (await hasMore()) return null;
  const [only, ...more] = opened;
  const isWhole =
    more.length === 0 && only?.name.shard === opening.shard && state.summary.complete > 0 && !only.topic.isCut;
  // The first start, or writing it anew was broken off: entries that count may be in each of them.
  const topic = isWhole ? only.topic : await rewriter.copy(followed(opened));
  known.add(topic.name);
  const replaced = opened.filter((before) => before.topic !== topic);
  // One of them may have been opened by another gateway meanwhile, which goes on there: OvertakenError.
  for (const before of replaced) await before.topic.append([sequence.entry(EntryKind.CHECK)]);
  // Another one that opens the shard may have written it anew as well.
  if (!isWhole && (await hasMore())) {
    await topic.drop();
    return null;
  }
  // An old server confirms no offset. One that knows a message already may leave it out as well, but not of a new one.
  if (!topic.hasConfirmed) await topic.append([sequence.entry(EntryKind.OPENED, '', opening.owner)]);
  if (!topic.hasConfirmed) throw unconfirmed();
  for (const before of replaced) await before.topic.drop();
  return topic;
}

/** Opens one topic. @throws StoreError `FENCED` where another gateway has opened it meanwhile, and may not be replaced. */
async function open(each: Opened, opened: readonly Opened[], context: OpenerContext): Promise<void> {
  const { sequence, opening, replaceable, signal } = context;
  for (;;) {
    throwIfAborted(signal, 'opening a shard');
    const own = sequence.entry(EntryKind.OPENED, '', opening.owner);
    const between = await each.topic.open(own);
    for (const entry of [...between, own]) add(each, entry);
    if (between.length > 0) take(opened, context);
    const rival = between.find(({ sequence: other }) => epochOf(other) >= epochOf(own.sequence));
    if (rival === undefined) {
      sequence.last = own.sequence;
      replaceable?.add(epochOf(own.sequence));
      return;
    }
    // Another one has opened it with the same right, and has it. The later one says it again, with a higher number.
    if (replaceable !== null) throw fenced(context, epochOf(rival.sequence));
    accept(context);
  }
}

/** The topic in which others follow the shard until it is copied; null where none can be followed. */
function followed(opened: readonly Opened[]): StateTopic | null {
  return newest(opened.map(({ topic, replay: { summary } }) => ({ topic, summary })))?.topic ?? null;
}

function add({ name, replay }: Opened, entry: StateEntry): void {
  replay.add(currentEntry(name, entry));
}

/** What the topics say together, the oldest first. */
function merged(opened: readonly Opened[]): StateReplay {
  const state = new StateReplay();
  for (const { replay } of opened) state.followedBy(replay);
  return state;
}

function take(opened: readonly Opened[], { sequence, values }: OpenerContext): void {
  const state = merged(opened);
  sequence.last = state.nextEpoch;
  values.replace(state.values());
}

/** Checks that the shard may be taken from whom it belongs to. @throws StoreError `FENCED` */
function checkStanding(found: readonly Opened[], context: OpenerContext): void {
  const { replaceable } = context;
  if (replaceable === null) return;
  const current = newest(found.map(({ replay }) => replay));
  const epoch = current === null ? 0 : epochOf(current.summary.sequence);
  if (!replaceable.has(epoch)) throw fenced(context, epoch);
}

/** @throws StateRefusedError */
function accept({ opening, values }: OpenerContext): void {
  try {
    opening.accept(values.ofKit());
  } catch (error) {
    throw new StateRefusedError(error);
  }
}

function fenced({ opening }: OpenerContext, epoch: number): StoreError {
  const expected = `expected epoch ${String(opening.expectedEpoch)}`;
  const what = `shard ${String(opening.shard)} of the state is open with epoch ${String(epoch)}`;
  return new StoreError('FENCED', `Iggy: ${what}; ${expected}`);
}

function unconfirmed(): StoreError {
  const why = 'the server does not confirm the offsets of messages, so that producers cannot be told them';
  return new StoreError('INVALID', `Iggy: ${why}: version 0.9 or later of Iggy's server is needed`);
}
