import { type Compression, RecordBatchBuilder } from '../../../src/protocol/core.js';
import type { IggyMessage } from '../sdk/client.js';
import { readMessage } from './from-message.js';
import { Unreadable } from './unreadable.js';

/** How messages become a record batch. */
export interface BatchOptions {
  readonly compression: Compression;
  readonly leaderEpoch: number;
  /** Most bytes of the batch, before compression; the first record is taken whatever its size. */
  readonly maxBytes: number;
  /** Timestamps are those of the append, which all records of a batch share. Default: false. */
  readonly appendTime?: boolean | undefined;
  /** Told of each message that is skipped, since it cannot be read. */
  readonly unreadable: (offset: number, why: Unreadable) => void;
}

/** A batch, and how far it goes. */
export interface BuiltBatch {
  readonly batch: Buffer;
  /** Index after the last message in it. */
  readonly end: number;
  /** Offset after the last message in it: a consumer that has read the batch goes on there. */
  readonly nextOffset: number;
}

/**
 * Builds one record batch of messages of one partition, from an index on. A message that cannot be read leaves a gap in
 * the offsets, as compaction does; where all are such, the batch is empty and leads past them.
 *
 * @param messages - At least one from `start` on, in the order of their offsets.
 */
export function buildBatch(messages: readonly IggyMessage[], start: number, options: BatchOptions): BuiltBatch {
  const { unreadable, appendTime = false } = options;
  const baseOffset = Number(messages[start]!.headers.offset);
  let builder: RecordBatchBuilder | null = null;
  let batchTime = -1;
  let nextOffset = baseOffset;
  let end = start;
  for (; end < messages.length; end++) {
    const message = messages[end]!;
    const record = readMessage(message);
    const offset = Number(message.headers.offset);
    if (record instanceof Unreadable) {
      unreadable(offset, record);
    } else {
      if (builder === null) {
        batchTime = record.timestamp;
        builder = newBuilder(baseOffset, options, appendTime && batchTime >= 0 ? batchTime : undefined);
      } else if (appendTime && record.timestamp !== batchTime) break;
      if (!builder.append(record)) break;
    }
    nextOffset = offset + 1;
  }
  return { batch: (builder ?? newBuilder(baseOffset, options)).build(nextOffset - 1), end, nextOffset };
}

function newBuilder(baseOffset: number, options: BatchOptions, logAppendTime?: number): RecordBatchBuilder {
  const { compression, leaderEpoch: partitionLeaderEpoch, maxBytes } = options;
  return new RecordBatchBuilder({ compression, maxBytes, partitionLeaderEpoch, baseOffset, logAppendTime });
}
