import { type Awaitable, ErrorCode, isPromise } from '../../../src/contract/index.js';
import { attempt } from '../awaitable.js';
import type { Kit } from '../kit.js';
import type { ReadEntry, ReadResult } from '../store/log-store.js';
import { StoreError } from '../store/store-error.js';
import { findTopic, type Partition, unknownTopicCode } from '../topic-registry.js';
import type { FetchTarget } from './fetch-sessions.js';
import { checkLeaderEpoch } from './epoch-history.js';
import { LeaderHints } from './leader-hints.js';
import { storeErrorCode } from '../store/kafka-errors.js';

/** What was read of one target, or why nothing was. */
export interface TargetResult {
  readonly errorCode: number;
  /** Undefined on an error. */
  readonly read: Extract<ReadResult, { error?: undefined }> | undefined;
  /** Who leads it, where that is another broker. */
  readonly hint?: { readonly leaderId: number; readonly leaderEpoch: number } | undefined;
}

/** What one pass over all targets gave. */
export interface FetchPass {
  readonly results: readonly TargetResult[];
  readonly bytes: number;
  /** Whether there is an error that the client must learn at once. */
  readonly failed: boolean;
  /** Whether nothing can be read that may come later. */
  readonly hopeless: boolean;
  readonly hints: LeaderHints;
}

/** How the targets of a request are read. */
export interface FetchLimits {
  /** Most bytes over all. */
  readonly maxBytes: number;
  /** Topics are named by id. */
  readonly byId: boolean;
  /** A broker that follows: none does. */
  readonly follower: boolean;
}

/** Reads the targets of one request, in their order, as long as the limit allows. */
export class FetchReader {
  private readonly kit: Kit;
  private readonly targets: readonly FetchTarget[];
  private readonly limits: FetchLimits;
  private readonly signal: () => AbortSignal;
  private results: (TargetResult | undefined)[] = [];
  private bytes = 0;
  private failed = false;
  /** Where in the targets those stand that can be read, and what they are. */
  private readable: number[] = [];
  /** The partitions that could be read last time. */
  partitions: Partition[] = [];
  private hints: LeaderHints;

  constructor(kit: Kit, targets: readonly FetchTarget[], limits: FetchLimits, signal: () => AbortSignal) {
    this.kit = kit;
    this.targets = targets;
    this.limits = limits;
    this.signal = signal;
    this.hints = new LeaderHints(kit);
  }

  /** Goes over all of them once. What it gives holds memory of the store until it is released. */
  pass(): Awaitable<FetchPass> {
    this.results = new Array<TargetResult | undefined>(this.targets.length);
    this.bytes = 0;
    this.failed = false;
    this.readable = [];
    this.partitions = [];
    this.hints = new LeaderHints(this.kit);
    for (let index = 0; index < this.targets.length; index++) this.look(index);
    const { results } = this;
    return attempt(
      () => this.readFrom(0),
      (pass) => pass,
      (error) => {
        for (const result of results) result?.read?.release?.();
        throw error;
      },
    );
  }

  private look(index: number): void {
    const target = this.targets[index]!;
    const known = target.partition !== null;
    const found = this.find(target);
    if (typeof found === 'object') {
      this.readable.push(index);
      this.partitions.push(found);
      return;
    }
    const errorCode = found;
    const hint = errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER ? this.hints.last : undefined;
    this.results[index] = { errorCode, read: undefined, hint };
    // As in Kafka, a topic that was never known does not end the wait for the others; one that is deleted does.
    const unknown = errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || errorCode === ErrorCode.UNKNOWN_TOPIC_ID;
    if (!unknown || known) this.failed = true;
  }

  /** The partition, or why it cannot be read. */
  private find(target: FetchTarget): Partition | number {
    const { byId, follower } = this.limits;
    let { partition } = target;
    if (partition?.topic.exists !== true) {
      const topic = findTopic(this.kit.topics, byId, target.topicId, target.topic);
      partition = topic?.partitions[target.index] ?? null;
      target.partition = partition;
      if (topic === undefined) return unknownTopicCode(byId);
      if (partition === null) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }
    if (follower || !this.hints.leads(partition)) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    const errorCode = checkLeaderEpoch(target.leaderEpoch, partition);
    if (errorCode !== 0) return errorCode;
    // As Kafka has it.
    return target.maxBytes < 0 ? ErrorCode.UNKNOWN_SERVER_ERROR : partition;
  }

  /** Reads on from one of the readable targets, as many at a time as surely fit. */
  private readFrom(from: number): Awaitable<FetchPass> {
    for (let next = from; next < this.readable.length;) {
      const entries = this.entries(next);
      const results = this.read(entries);
      const first = next;
      next += entries.length;
      if (isPromise(results)) {
        const then = next;
        return results.then((settled) => {
          this.take(first, entries, settled);
          return this.readFrom(then);
        });
      }
      this.take(first, entries, results);
    }
    const results = this.results as TargetResult[];
    const hopeless = this.readable.length === 0;
    return { results, bytes: this.bytes, failed: this.failed, hopeless, hints: this.hints };
  }

  /** What a store throws, instead of giving it for each, holds for all. */
  private read(entries: readonly ReadEntry[]): Awaitable<readonly ReadResult[]> {
    try {
      const results = this.kit.store.read(entries, this.signal());
      return isPromise(results) ? results.then(undefined, (error: unknown) => allFailed(entries, error)) : results;
    } catch (error) {
      return allFailed(entries, error);
    }
  }

  private entries(from: number): ReadEntry[] {
    const entries: ReadEntry[] = [];
    let left = Math.max(0, this.limits.maxBytes - this.bytes);
    const atLeastOneBatch = this.bytes === 0;
    // With nothing left to give, only the bounds of the rest are asked for, in one go.
    const exhausted = left === 0 && !atLeastOneBatch;
    for (let at = from; at < this.readable.length && (left > 0 || entries.length === 0 || exhausted); at++) {
      const { fetchOffset, maxBytes } = this.targets[this.readable[at]!]!;
      const most = Math.max(0, Math.min(maxBytes, left));
      entries.push({ partition: this.partitions[at]!.id, offset: fetchOffset, maxBytes: most, atLeastOneBatch });
      left -= most;
    }
    return entries;
  }

  private take(first: number, entries: readonly ReadEntry[], results: readonly ReadResult[]): void {
    for (let at = 0; at < entries.length; at++) {
      const result = results[at]!;
      const index = this.readable[first + at]!;
      if (result.error !== undefined) {
        this.failed = true;
        this.results[index] = { errorCode: storeErrorCode(result.error, 'records'), read: undefined };
      } else if (this.bytes > 0 && result.bytes > entries[at]!.maxBytes) {
        // Only the first batch of all may be larger than what was asked for.
        result.release?.();
        const { logStartOffset, logEndOffset } = result;
        this.results[index] = { errorCode: 0, read: { chunks: [], bytes: 0, logStartOffset, logEndOffset } };
      } else {
        this.bytes += result.bytes;
        this.results[index] = { errorCode: 0, read: result };
      }
    }
  }
}

function allFailed(entries: readonly ReadEntry[], error: unknown): readonly ReadResult[] {
  if (!(error instanceof StoreError)) throw error;
  return entries.map(() => ({ error }));
}

/** Whether a pass is answered at once, without waiting for more records. */
export function isEnough({ bytes, failed, hopeless }: FetchPass, minBytes: number): boolean {
  return bytes >= minBytes || failed || hopeless;
}

/** Gives back what a pass has read and nobody answers. */
export function releasePass({ results }: FetchPass): void {
  for (const { read } of results) read?.release?.();
}
