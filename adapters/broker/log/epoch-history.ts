import { ErrorCode, isPromise } from '../../../src/contract/index.js';
import type { Kit } from '../kit.js';
import type { Partition } from '../topic-registry.js';
import type { PartitionLog } from './partition-logs.js';

/** A leader epoch, and the offset of its first record. */
type EpochStart = readonly [epoch: number, startOffset: number];

/** Where a leader epoch ends (KIP-101). */
export interface EpochEnd {
  /** -1 for none. */
  readonly epoch: number;
  /** -1 for none. */
  readonly endOffset: number;
}

const PREFIX = 'log/epochs/';
/** As many are kept of a log: clients that know an older one are told the first offset of the oldest one, and see no cut. */
const MAX_EPOCHS = 64;
/** Clients that get it do not compare epochs later. */
const NO_EPOCH = -1;
const NO_HISTORY: readonly EpochStart[] = [];
const UNKNOWN: EpochEnd = { epoch: -1, endOffset: -1 };

/**
 * Which leader epoch wrote which part of a log. A log that was only ever written under epoch 0 has nothing to keep. The
 * current epoch is the placement's: that of the opening of the state, as a rule (`cluster/owned-placement.ts`).
 */
export class LeaderEpochs {
  readonly #kit: Kit;
  #stopListening: (() => void) | null = null;
  readonly #starts = new Map<string, readonly EpochStart[]>();

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  open(): void {
    this.#starts.clear();
    for (const [key, value] of this.#kit.state.load(PREFIX)) {
      this.#starts.set(key, JSON.parse(value.toString()) as readonly EpochStart[]);
    }
    this.#stopListening?.();
    this.#stopListening = this.#kit.topics.onDeleted((topic) => {
      for (const partition of topic.partitions) {
        const key = keyOf(partition);
        if (this.#starts.delete(key)) this.#put(key, null);
      }
    });
  }

  close(): void {
    this.#stopListening?.();
  }

  /** The first append under a leader epoch that this broker sees. */
  appended(log: PartitionLog, epoch: number, baseOffset: number): void {
    // The history is the owner's, whose epoch began somewhere before this append.
    if (!this.#kit.placement.isOwner) return;
    log.epoch = epoch;
    const key = keyOf(log.partition);
    const starts = this.#starts.get(key) ?? NO_HISTORY;
    if ((starts.at(-1)?.[0] ?? 0) >= epoch) return;
    // As Kafka does: epochs that began at or after this offset lost their records.
    const kept = starts.filter(([, startOffset]) => startOffset < baseOffset);
    const all: readonly EpochStart[] = [...kept, [epoch, baseOffset]];
    // Epochs whose records were all deleted are not needed.
    const longer = all.filter((_, index) => (all[index + 1]?.[1] ?? Infinity) > log.startOffset).slice(-MAX_EPOCHS);
    this.#starts.set(key, longer);
    this.#put(key, Buffer.from(JSON.stringify(longer)));
  }

  /** The epoch under which the next record is written; -1 where another broker has the history. */
  current({ leaderEpoch }: Partition): number {
    return this.#kit.placement.isOwner ? leaderEpoch : NO_EPOCH;
  }

  /** The epoch under which the record at an offset was written; -1 where another broker has the history. */
  at(partition: Partition, offset: number): number {
    if (!this.#kit.placement.isOwner) return NO_EPOCH;
    const starts = this.#starts.get(keyOf(partition)) ?? NO_HISTORY;
    return starts.findLast(([, startOffset]) => startOffset <= offset)?.[0] ?? 0;
  }

  /** Where an epoch ends, or the one before it if it has no records. */
  end(partition: Partition, epoch: number, endOffset: number): EpochEnd {
    if (epoch < 0) return UNKNOWN;
    if (epoch === partition.leaderEpoch) return { epoch, endOffset };
    if (epoch > partition.leaderEpoch) return UNKNOWN;
    const starts = this.#all(partition, endOffset);
    const next = starts.find(([other]) => other > epoch);
    if (next === undefined) return UNKNOWN;
    const before = starts.findLast(([other]) => other <= epoch);
    return { epoch: before?.[0] ?? epoch, endOffset: next[1] };
  }

  /** All epochs there were, with the current one, which may have no records yet. */
  #all(partition: Partition, endOffset: number): readonly EpochStart[] {
    const starts = this.#starts.get(keyOf(partition)) ?? NO_HISTORY;
    const { leaderEpoch } = partition;
    return starts.at(-1)?.[0] === leaderEpoch ? starts : [...starts, [leaderEpoch, endOffset]];
  }

  #put(key: string, value: Buffer | null): void {
    const failed = (): void => {
      this.#kit.warn('leader epochs could not be saved: after a restart, the epochs of old records are not known');
    };
    try {
      const kept = this.#kit.state.put(PREFIX + key, value);
      if (isPromise(kept)) kept.then(undefined, failed);
    } catch {
      failed();
    }
  }
}

/** The error of a client that knows an older or a newer leader (KIP-320); 0 for none. */
export function checkLeaderEpoch(known: number, { leaderEpoch }: Partition): number {
  if (known === NO_EPOCH || known === leaderEpoch) return 0;
  return known < leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
}

function keyOf({ id }: Partition): string {
  return `${id.topicId}/${String(id.partition)}`;
}
