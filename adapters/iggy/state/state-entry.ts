/** What an entry of the state says. */
export const EntryKind = {
  /** A key has a value. */
  PUT: 1,
  /** A key has none any more. */
  FORGET: 2,
  /** Everything that was known when this topic was begun is before this entry. */
  COMPLETE: 3,
  /** A gateway has opened the shard; the value is what it says of itself, and empty in logs of release 0.1. */
  OPENED: 4,
  /** The gateway that had the log ended. Not written any more; releases skip it. */
  CLOSED: 5,
  /** The owner asks whether the shard is still its own, by where this entry is stored. Releases skip it. */
  CHECK: 6,
  /** How the state is divided into topics (`state-layout.ts`). */
  LAYOUT: 7,
} as const;

export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** One entry of the state. */
export interface StateEntry {
  readonly kind: EntryKind;
  /** Counts the entries of a shard, over all of its topics. */
  readonly sequence: number;
  readonly key: string;
  readonly value: Uint8Array;
}

/** An entry before it has its place in the log. */
export type StateEntryInit = Omit<StateEntry, 'sequence'>;

/** The value of an entry that has none. */
export const NO_VALUE: Uint8Array = new Uint8Array(0);

/** Version of the form below. */
const VERSION = 1;
/** The same form, in a version that release 0.1 refuses: it must not begin a state of its own beside this one. */
const LAYOUT_VERSION = 2;

const HEADER_BYTES = 14;

/** Bytes that an entry takes in the log, besides what Iggy adds to a message. */
export function entryBytes({ key, value }: StateEntryInit): number {
  return HEADER_BYTES + Buffer.byteLength(key) + value.length;
}

/** Big-endian: u8 version, u8 kind, u64 sequence, u32 length and key in UTF-8, then the value. */
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

/** @throws Error for what is no entry of a version that is known here. */
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

/** An entry; null for what this release cannot read. */
export function readEntry(payload: Buffer): StateEntry | null {
  try {
    return decodeEntry(payload);
  } catch {
    return null;
  }
}
