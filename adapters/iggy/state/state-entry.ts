/** What an entry of the state log says. */
export const EntryKind = {
  /** A key has a value. */
  PUT: 1,
  /** A key has none any more. */
  FORGET: 2,
  /** Everything that was known when this topic was begun is before this entry. */
  COMPLETE: 3,
  /** A gateway has opened the log. */
  OPENED: 4,
  /** The gateway that has the log ended, and kept everything. Release 0.1 skips this kind and the next. */
  CLOSED: 5,
  /** The gateway that has the log is alive; the value is what it advertises, once that is known. */
  HEARTBEAT: 6,
} as const;

export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** One entry of the state log. */
export interface StateEntry {
  readonly kind: EntryKind;
  /** Counts the entries of a stream's state, over all of its topics. */
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

const HEADER_BYTES = 14;

/** Big-endian: u8 version, u8 kind, u64 sequence, u32 length and key in UTF-8, then the value. */
export function encodeEntry({ kind, sequence, key, value }: StateEntry): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + keyBytes + value.length);
  bytes[0] = VERSION;
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
  if (bytes[0] !== VERSION)
    throw new Error(`an entry of version ${String(bytes[0])}, of which this release knows nothing`);
  const end = HEADER_BYTES + bytes.readUInt32BE(10);
  if (end > bytes.length) throw new Error('an entry whose key is cut off');
  return {
    kind: bytes[1] as EntryKind,
    sequence: Number(bytes.readBigUInt64BE(2)),
    key: bytes.toString('utf8', HEADER_BYTES, end),
    value: end === bytes.length ? NO_VALUE : Uint8Array.prototype.slice.call(bytes, end),
  };
}
