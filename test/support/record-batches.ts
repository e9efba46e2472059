import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import {
  type Compression,
  type DecompressionLimits,
  readBatches,
  readRecords,
  type RecordBatch,
  type TimestampType,
} from 'iggy-gateway-kafka/protocol';

/** A batch as fixtures/generator/RecordBatches.java describes it. */
export interface BatchDescription {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly sizeInBytes: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly compression: Compression;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly deleteHorizon: number | null;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly recordCount: number;
  readonly records: readonly RecordDescription[];
}

export interface RecordDescription {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [key: string, value: string | null])[];
}

/** A field of records that kafka-clients wrote. */
export interface RecordsFixture {
  readonly title: string;
  readonly bytes: Buffer;
  readonly batches: readonly BatchDescription[];
}

/** A message set of before Kafka 0.11. */
export interface OldFixture {
  readonly title: string;
  readonly bytes: Buffer;
  readonly magic: number;
}

interface Line {
  readonly title: string;
  readonly hex: string;
  readonly magic?: number;
  readonly batches?: readonly BatchDescription[];
}

const folder = new URL('../../fixtures/records/', import.meta.url);

function linesOf(file: string): readonly Line[] {
  return (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { readonly fields: readonly Line[] }).fields;
}

/** All fields of records of magic 2, by title. */
export const recordsFixtures: readonly RecordsFixture[] = readdirSync(folder)
  .filter((file) => file !== 'old.json')
  .flatMap(linesOf)
  .map(({ title, hex, batches }) => ({ title, bytes: Buffer.from(hex, 'hex'), batches: batches! }));

export const oldFixtures: readonly OldFixture[] = linesOf('old.json').map(({ title, hex, magic }) => ({
  title,
  bytes: Buffer.from(hex, 'hex'),
  magic: magic!,
}));

/** The bytes of one fixture: a copy, to be written into. */
export function fixtureBytes(title: string): Buffer {
  const fixture = recordsFixtures.find((each) => each.title === title);
  if (!fixture) throw new Error(`no fixture '${title}'`);
  return Buffer.from(fixture.bytes);
}

/** What we read in a field of records, in the words of RecordBatches.java. */
export function describeRecords(records: Buffer, limits?: DecompressionLimits): BatchDescription[] {
  return Array.from(readBatches(records), (batch) => describeBatch(batch, limits));
}

/** What we read in a batch. */
export function describeBatch(batch: RecordBatch, limits?: DecompressionLimits): BatchDescription {
  batch.checkCrc();
  return {
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    sizeInBytes: batch.sizeInBytes,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    magic: batch.magic,
    crc: batch.crc,
    compression: batch.compression,
    timestampType: batch.timestampType,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    deleteHorizon: batch.deleteHorizon,
    baseTimestamp: batch.baseTimestamp,
    maxTimestamp: batch.maxTimestamp,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    lastSequence: batch.lastSequence,
    recordCount: batch.recordCount,
    records: Array.from(readRecords(batch, limits), ({ offset, timestamp, key, value, headers }) => ({
      offset,
      timestamp,
      key: describeBytes(key),
      value: describeBytes(value),
      headers: headers.map((header) => [header.key, describeBytes(header.value)] as const),
    })),
  };
}

/** Hex, or for more than 64 bytes their number and their SHA-256. */
export function describeBytes(bytes: Uint8Array | null | undefined): string | null {
  if (bytes === null || bytes === undefined) return null;
  if (bytes.length <= 64) return Buffer.from(bytes).toString('hex');
  return `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`;
}
