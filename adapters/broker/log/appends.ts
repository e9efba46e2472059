import { type Awaitable, ErrorCode, isPromise } from '../../../src/contract/index.js';
import type { ProduceResponsePartitionProduceResponseInit, RecordBatch } from '../../../src/protocol/index.js';
import { andThen, attempt, rejected } from '../awaitable.js';
import { BatchRefusedError } from '../batch-refused.js';
import { int64 } from '../int64.js';
import type { Kit } from '../kit.js';
import type { AppendEntry, AppendResult, LogOffsets, PartitionId } from '../store/log-store.js';
import { StoreError } from '../store/store-error.js';
import type { PartitionProducers } from '../producers/partition-producers.js';
import type { ProducerStateManager } from '../producers/producer-state-manager.js';
import type { RememberedBatch } from '../producers/producer-sequences.js';
import type { LeaderEpochs } from './epoch-history.js';
import type { PartitionLog } from './partition-logs.js';
import type { RetentionLoop } from './retention.js';
import type { Cleaner } from './cleaner.js';
import { storeErrorCode } from '../store/kafka-errors.js';

/** The answer for one partition while it is made. */
export type PartitionAnswer = {
  -readonly [
    Field in keyof ProduceResponsePartitionProduceResponseInit
  ]: ProduceResponsePartitionProduceResponseInit[Field];
};

/** No offset, no time. A literal would be negated anew each time. */
const NONE = -1n;

/** A checked batch on its way to its partition: the store takes it as it is. */
export class AppendJob implements AppendEntry {
  readonly partition: PartitionId;
  readonly batches: Buffer;
  /** That of the moment when its turn comes. */
  leaderEpoch = -1;
  /** Set once partitions are claimed. */
  readonly attempt = 0;
  readonly marker = null;
  readonly log: PartitionLog;
  readonly batch: RecordBatch;
  /** Of an idempotent producer; -1 for none. */
  readonly producerId: number;
  /** When the broker took it in, in ms since the epoch. */
  readonly now: number;
  readonly answer: PartitionAnswer;

  constructor(log: PartitionLog, batch: RecordBatch, index: number, now: number) {
    const { bytes, start, end } = batch;
    this.partition = log.partition.id;
    this.batches = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    this.log = log;
    this.batch = batch;
    this.producerId = batch.producerId;
    this.now = now;
    this.answer = { index, errorCode: 0, baseOffset: NONE, logAppendTimeMs: NONE, logStartOffset: NONE };
  }

  get recordCount(): number {
    return this.batch.recordCount;
  }

  get maxTimestamp(): number {
    return this.batch.maxTimestamp;
  }

  refuse(error: BatchRefusedError): void {
    const { answer } = this;
    answer.errorCode = error.errorCode;
    answer.errorMessage = error.message;
    answer.baseOffset = NONE;
    answer.logAppendTimeMs = NONE;
  }
}

/** The answer for a partition whose batch is not taken. */
export function refusedAnswer(
  index: number,
  { errorCode: code, message, recordErrors }: BatchRefusedError,
): PartitionAnswer {
  return { index, errorCode: code, baseOffset: NONE, errorMessage: message, recordErrors };
}

/** Why a batch of an idempotent producer is not taken while another broker has the state. */
export function notOwner(): BatchRefusedError {
  return new BatchRefusedError(
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    'another broker has the state of idempotent producers',
  );
}

/** Appends what was checked: one append at a time for each partition, and a producer's batches in their order, once. */
export class Appends {
  private readonly kit: Kit;
  private readonly producers: ProducerStateManager;
  private readonly epochs: LeaderEpochs;
  private readonly retention: RetentionLoop;
  private readonly cleaner: Cleaner;

  constructor(
    kit: Kit,
    producers: ProducerStateManager,
    epochs: LeaderEpochs,
    retention: RetentionLoop,
    cleaner: Cleaner,
  ) {
    this.kit = kit;
    this.producers = producers;
    this.epochs = epochs;
    this.retention = retention;
    this.cleaner = cleaner;
  }

  /** Fills in the answers; a promise where the store gives one. What the store should not throw, it rejects with. */
  run(jobs: readonly AppendJob[]): PromiseLike<unknown> | undefined {
    // Null for all of them, as it mostly is.
    let ready: AppendJob[] | null = null;
    let later: PromiseLike<unknown>[] | null = null;
    for (let index = 0; index < jobs.length; index++) {
      const job = jobs[index]!;
      const begun = job.log.busy ? this.whenFree(job) : this.begin(job);
      if (begun === true) {
        if (ready !== null) ready.push(job);
      } else {
        ready ??= jobs.slice(0, index);
        if (begun !== false) (later ??= []).push(begun);
      }
    }
    const appended = ready?.length === 0 ? undefined : this.append(ready ?? jobs);
    if (later === null) return isPromise(appended) ? appended : undefined;
    if (isPromise(appended)) later.push(appended);
    return Promise.all(later);
  }

  private async whenFree(job: AppendJob): Promise<void> {
    await new Promise<void>((resolve) => {
      (job.log.waiting ??= []).push(resolve);
    });
    const begun = await this.begin(job);
    if (begun === true) await this.append([job]);
  }

  /** Whether the job goes on to the store at once; false when it is answered already. Never throws. */
  private begin(job: AppendJob): boolean | PromiseLike<unknown> {
    const { log } = job;
    log.busy = true;
    job.leaderEpoch = log.partition.leaderEpoch;
    if (job.producerId < 0) return true;
    try {
      const producers = this.producers.ready(log);
      if (!isPromise(producers)) return this.inSequence(job, producers);
      return producers.then(
        (ready) => this.goOn(job, this.inSequence(job, ready)),
        (error: unknown) => this.failed([job], error),
      );
    } catch (error) {
      return this.failed([job], error) ?? false;
    }
  }

  /** For a job whose turn was decided after a promise. */
  private goOn(job: AppendJob, begun: boolean | PromiseLike<unknown>): Awaitable<unknown> {
    return begun === true ? this.append([job]) : begun;
  }

  private inSequence(job: AppendJob, producers: PartitionProducers): boolean | PromiseLike<unknown> {
    try {
      // Dropped while they were recovered, since another broker has or had the state.
      if (producers !== job.log.producers || !this.kit.placement.isOwner) throw notOwner();
      const repeated = producers.states.check(job.batch);
      return repeated === null || this.repeat(job, producers, repeated);
    } catch (error) {
      if (!(error instanceof BatchRefusedError)) throw error;
      job.refuse(error);
    }
    job.log.release();
    return false;
  }

  /** Asks the store for the end of the log first: an engine may have lost the batch that this one repeats. */
  private repeat(
    job: AppendJob,
    producers: PartitionProducers,
    repeated: RememberedBatch,
  ): boolean | PromiseLike<unknown> {
    let offsets: Awaitable<LogOffsets>;
    try {
      offsets = this.kit.store.logOffsets(job.partition, this.kit.signal);
    } catch (error) {
      return this.failed([job], error) ?? false;
    }
    if (!isPromise(offsets)) return this.repeated(job, producers, repeated, offsets);
    return offsets.then(
      (settled) => this.goOn(job, this.repeated(job, producers, repeated, settled)),
      (error: unknown) => this.failed([job], error),
    );
  }

  private repeated(
    job: AppendJob,
    producers: PartitionProducers,
    { baseOffset, timestamp }: RememberedBatch,
    { logEndOffset: endOffset }: LogOffsets,
  ): boolean | PromiseLike<unknown> {
    if (baseOffset >= endOffset) {
      producers.states.truncate(endOffset);
      return this.inSequence(job, producers);
    }
    const { answer, log } = job;
    answer.baseOffset = int64(baseOffset);
    // Kafka tells it whatever the topic's timestamps are.
    answer.logAppendTimeMs = int64(timestamp);
    answer.logStartOffset = int64(log.startOffset);
    // It may have been refused before, because its producer could not be saved.
    const saved = this.save(job, producers);
    log.release();
    return isPromise(saved) ? saved : false;
  }

  private append(jobs: readonly AppendJob[], again = false): Awaitable<unknown> {
    let results: Awaitable<readonly AppendResult[]>;
    try {
      results = this.kit.store.append(jobs, this.kit.signal);
    } catch (error) {
      return this.failed(jobs, error);
    }
    if (!isPromise(results)) return this.settle(jobs, results, again);
    return results.then(
      (settled) => this.settle(jobs, settled, again),
      (error: unknown) => this.failed(jobs, error),
    );
  }

  private settle(jobs: readonly AppendJob[], results: readonly AppendResult[], again: boolean): Awaitable<unknown> {
    if (results.length !== jobs.length) {
      const what = `answers ${String(results.length)} of ${String(jobs.length)} appends`;
      return this.broken(jobs, new Error(`${this.kit.store.name} ${what}`));
    }
    let later: PromiseLike<unknown>[] | null = null;
    let refused: AppendJob[] | null = null;
    for (let index = 0; index < jobs.length; index++) {
      const job = jobs[index]!;
      const result = results[index]!;
      if (result.error === undefined) {
        // A store without types may forget it, and a client would be told of offset 0.
        if (typeof result.baseOffset !== 'number' || typeof result.logStartOffset !== 'number') {
          const error = new Error(`${this.kit.store.name} answers an append without baseOffset or logStartOffset`);
          (later ??= []).push(this.broken([job], error));
          continue;
        }
        if (result.needsReplay === true) this.producers.doubt(job.log);
        const kept = this.appended(job, result.baseOffset, result.logStartOffset);
        if (kept !== undefined) (later ??= []).push(kept);
      } else if (result.error.code === 'FULL' && !again) {
        (refused ??= []).push(job);
      } else {
        this.refused(job, result.error);
      }
    }
    if (refused !== null) {
      const retried = this.makeRoom(refused);
      if (isPromise(retried)) (later ??= []).push(retried);
    }
    return later === null ? undefined : Promise.all(later);
  }

  /** The store is full: what retention would free in time, it frees now. */
  private makeRoom(jobs: readonly AppendJob[]): Awaitable<unknown> {
    return andThen(this.retention.relieve(), () => this.append(jobs, true));
  }

  private appended(job: AppendJob, baseOffset: number, startOffset: number): PromiseLike<unknown> | undefined {
    const { log, batch, answer } = job;
    const { partition, producers } = log;
    answer.baseOffset = int64(baseOffset);
    answer.logStartOffset = int64(startOffset);
    log.startOffset = startOffset;
    if (log.epoch !== job.leaderEpoch) this.epochs.appended(log, job.leaderEpoch, baseOffset);
    let saved: Awaitable<unknown> = undefined;
    const endOffset = baseOffset + job.recordCount;
    if (producers === null) {
      if (baseOffset === 0) this.producers.begun(log, endOffset);
    } else {
      // Where the log may have more than is known of, what is known ends before that.
      if (producers.coverage === 'current') producers.states.endOffset = endOffset;
      if (job.producerId >= 0) {
        this.producers.appended(producers, batch, baseOffset, job.now);
        saved = this.save(job, producers);
      }
    }
    this.retention.grown(log, batch.end - batch.start);
    this.cleaner.dirtied(partition.topic);
    log.release();
    partition.changed();
    return isPromise(saved) ? saved : undefined;
  }

  /** Stores who produced the batch, if the log does not say it. If that fails, the client is to send it again. */
  private save(job: AppendJob, producers: PartitionProducers): Awaitable<unknown> {
    if (!this.producers.savesAppends) return undefined;
    return attempt(
      () => this.producers.save(producers),
      (): Awaitable<unknown> => undefined,
      (error) => {
        if (!(error instanceof StoreError)) return rejected(error);
        job.refuse(new BatchRefusedError(storeErrorCode(error, 'records'), error.message));
        return undefined;
      },
    );
  }

  private refused(job: AppendJob, error: StoreError): void {
    // It may be in the log or not: what the producers sent is learned from there.
    if (error.code === 'OUTCOME_UNKNOWN') this.producers.doubt(job.log);
    if (error.code === 'FULL') this.kit.warn(`Produce is refused: ${error.message}`, 'Produce: full');
    job.refuse(new BatchRefusedError(storeErrorCode(error, 'records'), error.message));
    job.log.release();
  }

  /** Answers all of them; never throws, so that all others go on. */
  private failed(jobs: readonly AppendJob[], error: unknown): PromiseLike<never> | undefined {
    if (!(error instanceof StoreError)) return this.broken(jobs, error);
    for (const job of jobs) this.refused(job, error);
    return undefined;
  }

  /** Answers all of them, and rejects: a store must not fail like that. */
  private broken(jobs: readonly AppendJob[], error: unknown): PromiseLike<never> {
    for (const job of jobs) {
      this.producers.doubt(job.log);
      job.refuse(new BatchRefusedError(ErrorCode.UNKNOWN_SERVER_ERROR, ''));
      job.log.release();
    }
    return rejected(error);
  }
}
