/** Kinds of entries of the state. */
export const EntryKind = {
  /** Sets the value of a key. */
  PUT: 1,
  /** Deletes a key. */
  FORGET: 2,
  /** End of the copy: all values known when the topic was created are before this entry. */
  COMPLETE: 3,
  /** A gateway has opened the shard. The value is its owner record, and empty in logs of release 0.1. */
  OPENED: 4,
  /** The gateway that owned the log has ended. No longer written; readers skip it. */
  CLOSED: 5,
  /** Written by the owner to check, by the offset of this entry, that it still owns the shard. Readers skip it. */
  CHECK: 6,
  /** Layout of the topics of the state (`state-layout.ts`). */
  LAYOUT: 7,
} as const;

export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** One entry of the state. */
export interface StateEntry {
  readonly kind: EntryKind;
  /** Number of the entry within its shard, over all topics of the shard. */
  readonly sequence: number;
  readonly key: string;
  readonly value: Uint8Array;
}

/** An entry without a sequence number. */
export type StateEntryInit = Omit<StateEntry, 'sequence'>;

/** Value of entries without a value. */
export const NO_VALUE: Uint8Array = new Uint8Array(0);

/** Version of the encoding below. */
const VERSION = 1;
/** The same encoding with a version that release 0.1 rejects, so that it does not create a second state beside this one. */
const LAYOUT_VERSION = 2;

const HEADER_BYTES = 14;

/** Returns the size of an entry in the log in bytes, without Iggy's message overhead. */
export function entryBytes({ key, value }: StateEntryInit): number {
  return HEADER_BYTES + Buffer.byteLength(key) + value.length;
}

/** Encodes an entry. Big-endian: u8 version, u8 kind, u64 sequence, u32 length and key in UTF-8, then the value. */
export function encodeEntry({ kind, sequence, key, value }: StateEntry): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + keyBytes + value.length);
  bytes[0] = kind === EntryKind.LAYOUT ? LAYOUT_VERSION : VERSION;
  bytes[1] = kind;
  bytes.writeBigUInt64BE(BigInt(sequence), 2);
  bytes.writeUInt32BE(keyBytes, 10);
  bytes.write(key, HEADER_BYTES);
  bytes.set(value, HEADER_BYTES + keyBytes);
  return bytes;
}

/** Decodes an entry. @throws Error for an invalid entry or an unknown version. */
export function decodeEntry(bytes: Buffer): StateEntry {
  if (bytes.length < HEADER_BYTES) throw new Error(`an entry of ${String(bytes.length)} bytes`);
  const version = bytes[0];
  const kind = bytes[1] as EntryKind;
  if (version !== (kind === EntryKind.LAYOUT ? LAYOUT_VERSION : VERSION)) {
    throw new Error(`an entry of version ${String(version)}, of which this release knows nothing`);
  }
  const end = HEADER_BYTES + bytes.readUInt32BE(10);
  if (end > bytes.length) throw new Error('an entry whose key is cut off');
  return {
    kind,
    sequence: Number(bytes.readBigUInt64BE(2)),
    key: bytes.toString('utf8', HEADER_BYTES, end),
    value: end === bytes.length ? NO_VALUE : Uint8Array.prototype.slice.call(bytes, end),
  };
}

/** Decodes an entry; null if this release cannot read it. */
export function readEntry(payload: Buffer): StateEntry | null {
  try {
    return decodeEntry(payload);
  } catch {
    return null;
  }
}
