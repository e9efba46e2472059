import { setTimeout as delay } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { readBatches, RecordBatch } from '../../../src/protocol/core.js';
import { type AppendEntry, type AppendResult, type ReplayedBatch, StoreError } from '../../broker/index.js';
import type { IggyMessageInit } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { IggyCommandError, mayBeDone, storeError } from '../sdk/failures.js';
import { confirmedOffset } from '../sdk/features.js';
import type { PartitionEnds } from './partition-ends.js';
import type { PartitionReader } from './partition-reader.js';
import type { PartitionState, UnfinishedAppend } from './partition-state.js';
import { ProducerScan } from './producer-scan.js';
import type { UnwritablePartitions } from './unwritable-partitions.js';
import { messageBytes } from '../records/limits.js';
import type { MappedMessage } from '../records/mapping.js';
import { countedIds, idOf, stampProduced } from '../records/message-ids.js';
import { splitIntoSends } from '../records/sends.js';
import { toMessages } from '../records/to-messages.js';

/** How long we look at most for a message whose send was not confirmed, in ms, and how long we wait between two looks. */
const LOOK_MS = 10_000;
/** And how many times as long as for an answer. */
const LOOK_FACTOR = 5;
const PAUSE_MS = 100;
/** How often a send is repeated that was surely not done. */
const MAX_SENDS = 3;
/** How often in a row it must not be there, so that it is not on its way any more. */
const LOOKS = 2;

/** The SDK lets go of a command by then: it connects for up to a minute, and waits for half of one. */
const LET_GO_MS = 120_000;

/** As many batches that are not finished are known of one partition. */
const MAX_UNFINISHED = 1000;

/** Longer gaps are not looked through: then who has the state is looked up instead. */
const MAX_GAP_MESSAGES = 1000;

const IDS_AT_A_TIME = 1n << 32n;

/** What a writer needs of the store. */
export interface WriterContext {
  readonly pool: ClientPool;
  readonly ends: PartitionEnds;
  readonly reader: PartitionReader;
  readonly unwritable: UnwritablePartitions;
  /** Milliseconds for which an answer is waited. */
  readonly patienceMs: number;
  /** What marks the messages of this gateway's producers. */
  readonly tag: () => number;
  /** Another gateway seems to append batches of idempotent producers: who has the state is looked up. */
  readonly suspect: () => void;
  readonly warn: (message: string) => void;
}

/** How far a batch has come: the first of its sends that is not confirmed, and where the first one went. */
interface Progress {
  readonly fingerprint: string;
  readonly index: number;
  readonly baseOffset: number;
}

/** What became of a send: where it went, or that it is not in the log. */
type Found = { readonly baseOffset: number } | 'absent' | 'unknown';

/** Appends batches as messages. The kit has one append in flight for each partition. */
export class PartitionWriter {
  readonly #context: WriterContext;
  /** Ids of messages without a producer: a random half for this writer, and a count. */
  #nextId: bigint = countedIds(BigInt(`0x${randomBytes(8).toString('hex')}`) << 64n);

  /**
   * Up to where the batches of idempotent producers are known, by partition: the end after an append of this writer, or
   * after a scan. No end that the server reports moves it.
   */
  #foldedTo = new WeakMap<PartitionState, number>();

  constructor(context: WriterContext) {
    this.#context = context;
  }

  /** Everything up to an offset was scanned for batches of idempotent producers. */
  scanned(state: PartitionState, end: number): void {
    this.#foldedTo.set(state, end);
  }

  /** Another gateway has appended meanwhile: what is known of producers is learned anew. */
  forgetProducers(): void {
    this.#foldedTo = new WeakMap();
  }

  async append(entry: AppendEntry, state: PartitionState): Promise<AppendResult> {
    try {
      if (state.end < 0 || state.start < 0) await this.#context.ends.load(state);
      const expected = this.#foldedTo.get(state) ?? state.end;
      const baseOffset = await this.#append(entry, state);
      const logStartOffset = Math.max(0, state.start);
      const batch = new RecordBatch(entry.batches, 0);
      // The kit goes by the order of producers' batches only.
      if (batch.producerId < 0) return { baseOffset, logStartOffset };
      this.#foldedTo.set(state, baseOffset + entry.recordCount);
      if (baseOffset <= expected) return { baseOffset, logStartOffset };
      return { logStartOffset, ...(await this.#checkGap(state, batch, expected, baseOffset)) };
    } catch (error) {
      if (error instanceof StoreError) return { error };
      throw error;
    }
  }

  async #append({ batches }: AppendEntry, state: PartitionState): Promise<number> {
    const firstId = this.#nextId;
    this.#nextId += IDS_AT_A_TIME;
    const messages = toMessages(batches, firstId);
    this.#stampProduced(messages, batches);
    const sends = splitIntoSends(messages);
    const fingerprint = fingerprintOf(batches);
    let { index, baseOffset } = await this.#goOn(state, fingerprint);
    if (index < sends.length) this.#context.unwritable.check(state);
    for (; index < sends.length; index++) {
      const progress = { fingerprint, index, baseOffset };
      const offset = await this.#send(state, sends[index]!, progress);
      if (baseOffset < 0) baseOffset = offset;
    }
    return baseOffset;
  }

  /**
   * Others have appended before a batch. Where a gateway is among them, which has opened the state since, or had it before,
   * its producers' batches are not known here; the batch itself may be one of them, which the answer then names.
   */
  async #checkGap(
    state: PartitionState,
    { producerId, producerEpoch, baseSequence, lastSequence }: RecordBatch,
    from: number,
    baseOffset: number,
  ): Promise<{ readonly baseOffset: number; readonly needsReplay?: boolean }> {
    const { reader, tag, suspect, warn } = this.#context;
    if (baseOffset - from > MAX_GAP_MESSAGES) {
      suspect();
      return { baseOffset };
    }
    const found: ReplayedBatch[] = [];
    const scan = new ProducerScan(tag(), (batch) => found.push(batch));
    const isRead = await scan.run(reader, state, from, baseOffset).then(
      () => true,
      () => false,
    );
    // What cannot be read now, the kit learns before the producer's next batch.
    if (isRead && found.length === 0) return { baseOffset };
    suspect();
    const needsReplay = true;
    const first = found.find(
      (batch) =>
        batch.producerId === producerId &&
        batch.producerEpoch === producerEpoch &&
        batch.baseSequence === baseSequence &&
        batch.lastSequence === lastSequence,
    )?.baseOffset;
    if (first === undefined) return { baseOffset, needsReplay };
    const producer = `producer ${String(producerId)}, epoch ${String(producerEpoch)}`;
    const where = `at offsets ${String(first)} and ${String(baseOffset)}`;
    warn(
      `Iggy: ${state.name}: a batch of ${producer}, sequence ${String(baseSequence)}, was stored by another gateway as well, ` +
        `${where}, which cannot be undone`,
    );
    return { baseOffset: first, needsReplay };
  }

  /** Messages of idempotent producers say by their ids who produced them. */
  #stampProduced(messages: readonly MappedMessage[], batches: Buffer): void {
    let first = 0;
    for (const batch of readBatches(batches)) {
      if (batch.producerId >= 0) stampProduced(messages, first, batch, this.#context.tag());
      first += batch.recordCount;
    }
  }

  /** Where to begin: a batch that comes again goes on where it was broken off, whatever was appended since. */
  async #goOn(state: PartitionState, fingerprint: string): Promise<{ index: number; baseOffset: number }> {
    const unfinished = state.unfinished.get(fingerprint);
    if (unfinished === undefined) return { index: 0, baseOffset: -1 };
    const { index, baseOffset, unknownId, from, isOver } = unfinished;
    const found = unknownId === null ? 'absent' : await this.#look(state, unknownId, from, 1);
    if (found === 'unknown' || (found === 'absent' && !isOver())) {
      throw new StoreError('OUTCOME_UNKNOWN', `Iggy: it is not known yet what became of an append to ${state.name}`);
    }
    state.unfinished.delete(fingerprint);
    if (found === 'absent') return { index, baseOffset };
    return { index: index + 1, baseOffset: baseOffset < 0 ? found.baseOffset : baseOffset };
  }

  async #send(state: PartitionState, messages: IggyMessageInit[], progress: Progress): Promise<number> {
    const { pool, ends, unwritable } = this.#context;
    const id = messages[0]!.id ?? 0n;
    for (let sends = 1; ; sends++) {
      const from = state.end;
      try {
        const partition = { kind: 2, value: state.id.partition } as const;
        const send = { ...ends.ref(state), messages, partition };
        const sent = await pool.run((client) => client.message.send(send), state.sends);
        const offset = confirmedOffset(sent);
        if (offset === undefined) throw new IggyCommandError('GARBLED', 'the server has not confirmed the offset');
        state.appended(offset, messages.length, from, performance.now());
        noteSizes(state, messages);
        unwritable.taken(state);
        return offset;
      } catch (error) {
        const failure = error instanceof IggyCommandError ? error : null;
        const refusal = failure === null ? null : await unwritable.failed(failure, state);
        if (failure !== null && mayBeDone(failure)) {
          const found = await this.#look(state, id, from, LOOKS);
          if (typeof found === 'object') {
            // Where the log ends has been learned as we looked, and may be further on.
            noteSizes(state, messages);
            return found.baseOffset;
          }
          // A server that was too slow may do it yet.
          const surely = found === 'absent' && failure.code === 'BROKEN';
          if (surely && sends < MAX_SENDS) continue;
          this.#unfinished(state, { ...progress, unknownId: surely ? null : id, from, isOver: letGo(failure) });
        } else {
          this.#unfinished(state, { ...progress, unknownId: null, from, isOver: () => true });
        }
        throw this.#failed(refusal ?? error, state, progress);
      }
    }
  }

  /** Keeps where a batch was broken off. Of one that was not begun, nothing is to be known. */
  #unfinished({ unfinished }: PartitionState, append: UnfinishedAppend & Pick<Progress, 'fingerprint'>): void {
    if (append.index === 0 && append.unknownId === null) return;
    const [oldest] = unfinished.keys();
    if (oldest !== undefined && unfinished.size === MAX_UNFINISHED) unfinished.delete(oldest);
    unfinished.set(append.fingerprint, append);
  }

  #failed(
    error: unknown,
    state: PartitionState,
    { index, baseOffset }: { index: number; baseOffset: number },
  ): unknown {
    if (index > 0) {
      const stored = `of a batch that takes several sends, the first ${String(index)} are stored from offset ${String(baseOffset)}`;
      this.#context.warn(`Iggy: append to ${state.name}: ${stored}; the rest is not`);
    }
    const failure = storeError(error, `append to ${state.name}`);
    if (failure.code === 'NOT_FOUND') this.#context.ends.failed(error, state);
    return failure;
  }

  /** Looks for a message from where the log ended before it was sent. */
  async #look(state: PartitionState, id: bigint, from: number, looks: number): Promise<Found> {
    const { ends, pool, patienceMs } = this.#context;
    const deadline = performance.now() + Math.min(LOOK_MS, LOOK_FACTOR * patienceMs);
    let absent = 0;
    do {
      try {
        await ends.refreshOne(state);
        if (!state.isDoubtful) {
          const found = await this.#scan(state, id, Math.min(from, state.end));
          if (typeof found === 'object') return found;
          if (found === 'absent' && ++absent >= looks) return 'absent';
        }
      } catch (error) {
        if (error instanceof StoreError && error.code === 'NOT_FOUND') return 'absent';
        absent = 0;
      }
      await delay(PAUSE_MS);
    } while (performance.now() < deadline && !pool.isClosed);
    return 'unknown';
  }

  async #scan(state: PartitionState, id: bigint, from: number): Promise<Found> {
    // One that the SDK cannot read is not the one.
    for await (const messages of this.#context.reader.messages(state, from)) {
      for (const { headers } of messages) if (idOf(headers.id) === id) return { baseOffset: Number(headers.offset) };
    }
    // Some of them may have been dropped before they were looked at.
    return from < state.start ? 'unknown' : 'absent';
  }
}

/** Whether a command that was given up cannot be sent any more. */
function letGo({ settled }: IggyCommandError): () => boolean {
  const until = performance.now() + LET_GO_MS;
  let over = settled === undefined;
  void settled?.then(() => {
    over = true;
  });
  return () => over || performance.now() > until;
}

/** How long messages are that polls will give. */
function noteSizes({ pollSize }: PartitionState, messages: readonly IggyMessageInit[]): void {
  let longest = 0;
  for (const message of messages) {
    const { length } = message.payload;
    if (length > longest) longest = Math.max(length, messageBytes(message));
  }
  pollSize.appended(longest);
}

/** What a producer sends again is the same in all of these. */
function fingerprintOf(batches: Buffer): string {
  const { producerId, producerEpoch, baseSequence, recordCount, crc } = new RecordBatch(batches, 0);
  return [producerId, producerEpoch, baseSequence, recordCount, crc, batches.length].join(' ');
}
