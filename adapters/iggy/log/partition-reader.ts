import type { Awaitable } from '../../../src/contract/index.js';
import { type Compression, RecordBatch, RecordBatchBuilder, RecordReader } from '../../../src/protocol/core.js';
import { type ReadEntry, type ReadResult, StoreError } from '../../broker/index.js';
import { CONSUMER, type IggyMessage, type IggyPolled, PollingStrategy } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { type IggyCommandError } from '../sdk/failures.js';
import type { PartitionEnds } from './partition-ends.js';
import type { BatchRun, PartitionState, RunBatch } from './partition-state.js';
import { indexOf, type ReadAhead } from './read-ahead.js';
import { buildBatch } from '../records/build-batch.js';
import type { Unreadable } from '../records/unreadable.js';

/**
 * Bytes of one batch, before compression, as far as its records let us: consumers get whole batches, so that longer ones
 * would give those with small limits, or that begin in the middle, too much.
 */
const BATCH_BYTES = 64 * 1024;
/** The least that a batch builder takes. */
const MIN_BATCH_BYTES = 64;
/** What one poll is to give where all messages are gone through. */
const SCAN_BYTES = 4 * 1024 * 1024;
/** How often a poll is tried while connections break. */
const MAX_TRIES = 12;
/** How often while answers are empty that should not be. */
const EMPTY = 3;
/** How often one message alone is polled that the SDK cannot read. */
const GARBLED = 2;

/** What a reader needs of the store. */
export interface ReaderContext {
  readonly pool: ClientPool;
  readonly ends: PartitionEnds;
  readonly readAhead: ReadAhead;
  /** Whether what was last learned of the end of a partition still holds for someone who waits there. */
  readonly isFresh: (state: PartitionState) => boolean;
  readonly compression: (state: PartitionState) => Compression;
  /** Whether timestamps are those of the append. */
  readonly appendTime: (state: PartitionState) => boolean;
  /** A message was skipped. */
  readonly skipped: (state: PartitionState, offset: number, why: Unreadable | null) => void;
}

/** Reads messages and makes record batches of them. */
export class PartitionReader {
  readonly #context: ReaderContext;

  constructor(context: ReaderContext) {
    this.#context = context;
  }

  /** Answers at once where everything is known and read ahead. */
  read(entry: ReadEntry, state: PartitionState): Awaitable<ReadResult> {
    if (state.start >= 0 && state.end >= 0) {
      const at = this.#atOnce(entry, state);
      if (at !== null) return at;
    }
    return this.#readLater(entry, state);
  }

  /** Batches from an offset on, at least one while there are records: those of one poll. */
  async batches(state: PartitionState, offset: number, wantedBytes: number): Promise<BatchRun> {
    const { readAhead } = this.#context;
    for (let tries = 1; ; tries++) {
      const run = readAhead.find(state, offset) ?? (await this.#poll(state, offset, wantedBytes));
      if (run !== null) return run;
      if (tries === 3) throw new StoreError('UNAVAILABLE', `Iggy: ${state.name} gives no message at ${String(offset)}`);
    }
  }

  async #readLater(entry: ReadEntry, state: PartitionState): Promise<ReadResult> {
    const { ends, readAhead, isFresh } = this.#context;
    const { offset, maxBytes } = entry;
    try {
      await ends.load(state);
      if (offset >= state.end && !isFresh(state)) await ends.refreshOne(state);
      if (state.start < 0) await ends.load(state);
      const { restarts } = state;
      // Held here: others may need the room that they have in the read-ahead.
      const held: BatchRun[] = [];
      for (let next = offset, bytes = 0; next >= state.start && next < state.end && (maxBytes > 0 || bytes === 0);) {
        if (maxBytes === 0 && !entry.atLeastOneBatch) break;
        const run = readAhead.find(state, next) ?? (await this.#poll(state, next, maxBytes - bytes));
        if (run === null) break;
        held.push(run);
        bytes += bytesFrom(run, next);
        if (bytes >= maxBytes) break;
        next = run.to;
      }
      if (state.restarts !== restarts) return { error: unavailable(state) };
      return this.#atOnce(entry, state, held) ?? { error: unavailable(state) };
    } catch (error) {
      if (error instanceof StoreError) return { error };
      throw error;
    }
  }

  /**
   * Null when the server must be asked first.
   *
   * @param held - What it gave; null when it was not asked.
   */
  #atOnce(entry: ReadEntry, state: PartitionState, held: readonly BatchRun[] | null = null): ReadResult | null {
    const { isFresh } = this.#context;
    const { offset, maxBytes, atLeastOneBatch } = entry;
    const { start, end } = state;
    if (start < 0) return null;
    if (offset < start) return { error: outOfRange(entry, state) };
    if (offset >= end) {
      if (held === null && !isFresh(state)) return null;
      if (state.isDoubtful) return { error: unavailable(state) };
      return offset === end ? empty(state) : { error: outOfRange(entry, state) };
    }
    if (maxBytes === 0 && !atLeastOneBatch) return empty(state);
    const first = this.#find(state, offset, held);
    if (first === undefined) return null;
    return this.#build(entry, state, first, held);
  }

  #find(state: PartitionState, offset: number, held: readonly BatchRun[] | null): BatchRun | undefined {
    const run = held?.find(({ from, to }) => offset >= from && offset < to);
    return run ?? this.#context.readAhead.find(state, offset);
  }

  #build(
    entry: ReadEntry,
    state: PartitionState,
    first: BatchRun,
    held: readonly BatchRun[] | null,
  ): ReadResult | null {
    const { maxBytes, atLeastOneBatch } = entry;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let next = entry.offset;
    let full = false;
    for (let run: BatchRun | undefined = first; run !== undefined && !full; run = this.#find(state, next, held)) {
      for (let index = indexOf(run, next); index < run.batches.length; index++) {
        const left = maxBytes - bytes;
        const least = atLeastOneBatch && chunks.length === 0;
        let batch = run.batches[index]!;
        full = batch.bytes.length > left;
        // A part of it, where that is much of what is wanted.
        if (full && bytes < maxBytes / 2) batch = beginning(batch, next, left);
        if (batch.bytes.length > left && !least) break;
        chunks.push(batch.bytes);
        bytes += batch.bytes.length;
        next = batch.nextOffset;
        if (full) break;
      }
    }
    // There is more, and much room for it.
    if (held === null && !full && next < state.end && bytes < maxBytes / 2) return null;
    this.#prefetch(state, next, maxBytes);
    return { chunks, bytes, logStartOffset: state.start, logEndOffset: state.end };
  }

  /** Who reads one after the other finds the next messages there. */
  #prefetch(state: PartitionState, next: number, wantedBytes: number): void {
    const { pool, readAhead } = this.#context;
    const ahead = readAhead.find(state, next);
    const from = ahead === undefined ? next : ahead.to;
    if (ahead !== undefined && bytesFrom(ahead, next) >= wantedBytes) return;
    if (from >= state.end || state.polls.has(from) || pool.isBusy || readAhead.find(state, from) !== undefined) return;
    this.#poll(state, from, wantedBytes).catch(() => undefined); // whoever reads there learns of it
  }

  /** One poll for all who want messages from there on. */
  #poll(state: PartitionState, from: number, wantedBytes: number): Promise<BatchRun | null> {
    const polling = state.polls.get(from);
    if (polling !== undefined) return polling;
    const poll = this.#pollOnce(state, from, wantedBytes).finally(() => state.polls.delete(from));
    state.polls.set(from, poll);
    return poll;
  }

  /** Null when there is nothing from there on, or what was there is gone. */
  async #pollOnce(state: PartitionState, from: number, wantedBytes: number): Promise<BatchRun | null> {
    const { restarts } = state;
    const polled = await this.poll(state, from, wantedBytes);
    if (state.restarts !== restarts) return null;
    if (polled === 'unreadable') return this.#skip(state, from);
    return polled === null ? null : this.#take(state, from, polled);
  }

  /**
   * Messages from an offset on, at least one: null where there are none any more, `unreadable` when the SDK cannot read the
   * one there.
   *
   * @throws StoreError
   */
  async poll(state: PartitionState, from: number, wantedBytes: number): Promise<IggyPolled | 'unreadable' | null> {
    const { ends } = this.#context;
    let garbled = 0;
    for (let tries = 1; ; tries++) {
      const count = state.pollSize.count(wantedBytes);
      let polled: IggyPolled;
      try {
        polled = await this.#ask(state, from, count);
      } catch (error) {
        const { code } = error as IggyCommandError;
        if ((code !== 'BROKEN' && code !== 'GARBLED') || tries === MAX_TRIES) throw ends.failed(error, state);
        // The connection broke, the answer was too long, or the SDK cannot read a message: fewer, down to one alone.
        state.pollSize.failed(count);
        if (code !== 'GARBLED' || count > 1) continue;
        // A client that can read nothing at all is no reason to leave out a message.
        await ends.refreshOne(state);
        if (++garbled < GARBLED) continue;
        return 'unreadable';
      }
      const first = polled.messages[0];
      if (first !== undefined) {
        // Dropped by the server meanwhile, or a gap.
        if (Number(first.headers.offset) > from) await ends.findStart(state);
        return from >= state.start ? polled : null;
      }
      // The end is known to be further on: a read has failed on the server, or the log has been cut.
      state.pollSize.failed(count);
      await ends.refreshOne(state);
      await ends.load(state);
      // All of it has expired.
      if (state.count === 0 && !state.isDoubtful) await ends.findStart(state);
      if (from >= state.end || from < state.start) return null;
      if (tries >= EMPTY || state.isDoubtful) throw unavailable(state);
    }
  }

  /**
   * Messages from an offset on, up to the end that is known now. What the SDK cannot read, and what is not there any more,
   * is left out.
   *
   * @throws StoreError
   */
  async *messages(state: PartitionState, from: number): AsyncGenerator<readonly IggyMessage[], void> {
    const { end } = state;
    for (let next = from; next < end;) {
      const polled = await this.poll(state, next, SCAN_BYTES);
      if (polled === 'unreadable') next++;
      else if (polled !== null) {
        yield polled.messages;
        next = Number(polled.messages.at(-1)?.headers.offset) + 1;
      } else if (next < state.start) next = state.start;
      else return;
    }
  }

  #ask(state: PartitionState, from: number, count: number): Promise<IggyPolled> {
    const { pool, ends } = this.#context;
    const poll = {
      ...ends.ref(state),
      consumer: CONSUMER,
      partitionId: state.id.partition,
      pollingStrategy: PollingStrategy.offset(BigInt(from)),
      count,
      autocommit: false,
    } as const;
    return pool.run((client) => client.message.poll(poll), state.reads);
  }

  /** The SDK cannot read the message there: an empty batch leads past it. */
  #skip(state: PartitionState, offset: number): BatchRun {
    this.#context.skipped(state, offset, null);
    const bytes = new RecordBatchBuilder({ baseOffset: offset, partitionLeaderEpoch: 0 }).build(offset);
    const nextOffset = offset + 1;
    const batches = [{ bytes, nextOffset }];
    const run = { state, from: offset, to: nextOffset, batches, bytes: bytes.length };
    this.#context.readAhead.add(run);
    return run;
  }

  /** Keeps what was polled. */
  #take(state: PartitionState, from: number, { messages, currentOffset }: IggyPolled): BatchRun {
    state.pollSize.polled(messages);
    const batches = this.#batches(state, messages);
    const to = Number(messages.at(-1)?.headers.offset) + 1;
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
    const run = { state, from, to, batches, bytes };
    this.#context.readAhead.add(run);
    const now = performance.now();
    const end = Math.max(to, Number(currentOffset) + 1);
    if (end > state.end && state.learnEnd(end, now, now)) state.wake();
    return run;
  }

  #batches(state: PartitionState, messages: readonly IggyMessage[]): RunBatch[] {
    const { compression, appendTime, skipped } = this.#context;
    const options = {
      compression: compression(state),
      // Iggy does not keep it, and a wrong one makes a consumer see a cut.
      leaderEpoch: -1,
      maxBytes: BATCH_BYTES,
      appendTime: appendTime(state),
      unreadable: (offset: number, why: Unreadable) => {
        skipped(state, offset, why);
      },
    };
    const batches: RunBatch[] = [];
    for (let start = 0; start < messages.length;) {
      const { batch, end, nextOffset } = buildBatch(messages, start, options);
      // The builder's memory is up to twice as long.
      const bytes = batch.length * 4 < batch.buffer.byteLength * 3 ? Buffer.from(batch) : batch;
      batches.push({ bytes, nextOffset });
      start = end;
    }
    return batches;
  }
}

/** The records of a batch from an offset on that fit into so many bytes; one at least. */
function beginning({ bytes, nextOffset }: RunBatch, offset: number, maxBytes: number): RunBatch {
  const batch = new RecordBatch(bytes);
  const reader = new RecordReader(batch);
  const most = Math.max(MIN_BATCH_BYTES, maxBytes);
  const builder = RecordBatchBuilder.like(batch, { maxBytes: most, baseOffset: offset });
  while (reader.next()) {
    if (reader.offset < offset || builder.appendFrom(reader)) continue;
    return { bytes: builder.build(), nextOffset: builder.nextOffset };
  }
  return { bytes: builder.build(nextOffset - 1), nextOffset };
}

function bytesFrom({ batches }: BatchRun, offset: number): number {
  let bytes = 0;
  for (const batch of batches) if (batch.nextOffset > offset) bytes += batch.bytes.length;
  return bytes;
}

function empty({ start, end }: PartitionState): ReadResult {
  return { chunks: [], bytes: 0, logStartOffset: start, logEndOffset: end };
}

function outOfRange({ offset }: ReadEntry, state: PartitionState): StoreError {
  const range = `${String(state.start)} to ${String(state.end)}`;
  return new StoreError('OUT_OF_RANGE', `Iggy: offset ${String(offset)} of ${state.name}, which has ${range}`);
}

function unavailable(state: PartitionState): StoreError {
  return new StoreError('UNAVAILABLE', `Iggy: the server gives no messages of ${state.name}`);
}
