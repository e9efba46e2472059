import type { CommittedOffset } from './offsets.js';

// What the durable state holds of groups. The first byte is the format's version.

/** Keys of committed offsets: this, topic id, `/`, partition, `/` and the group id, which may hold anything. */
export const OFFSET_PREFIX = 'offset/';

export function offsetKey(topicId: string, partition: number, groupId: string): string {
  return `${OFFSET_PREFIX}${topicId}/${partition}/${groupId}`;
}

const OFFSET_VERSION = 1;
const OFFSET_HEADER_BYTES = 1 + 8 + 4 + 8 + 8;

/** A committed offset as it is stored. */
export function encodeOffset({ offset, leaderEpoch, metadata, committedAt, expiresAt }: CommittedOffset): Buffer {
  const bytes = Buffer.allocUnsafe(OFFSET_HEADER_BYTES + Buffer.byteLength(metadata));
  bytes.writeUInt8(OFFSET_VERSION, 0);
  bytes.writeBigInt64BE(offset, 1);
  bytes.writeInt32BE(leaderEpoch, 9);
  bytes.writeDoubleBE(committedAt, 13);
  bytes.writeDoubleBE(expiresAt, 21);
  bytes.write(metadata, OFFSET_HEADER_BYTES);
  return bytes;
}

/** Null for what this version does not know. */
export function decodeOffset(bytes: Buffer): CommittedOffset | null {
  if (bytes.length < OFFSET_HEADER_BYTES || bytes[0] !== OFFSET_VERSION) return null;
  return {
    offset: bytes.readBigInt64BE(1),
    leaderEpoch: bytes.readInt32BE(9),
    committedAt: bytes.readDoubleBE(13),
    expiresAt: bytes.readDoubleBE(21),
    metadata: bytes.toString('utf8', OFFSET_HEADER_BYTES),
  };
}

/** A member as it is stored. */
export interface StoredMember {
  readonly id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  readonly assignment: Buffer;
}

/** A group as it is stored: empty, or stable with its members. */
export interface StoredGroup {
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly leader: string | null;
  /** When it came into its state, in ms since the epoch. */
  readonly since: number;
  readonly members: readonly StoredMember[];
}

const GROUP_VERSION = 1;

/** A group as it is stored: JSON, its bytes in base64. It is written once in a rebalance, and read by people as well. */
export function encodeGroup(group: StoredGroup): Buffer {
  const members = group.members.map((member) => ({
    ...member,
    protocols: member.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.toString('base64') })),
    assignment: member.assignment.toString('base64'),
  }));
  return Buffer.from(JSON.stringify({ version: GROUP_VERSION, ...group, members }));
}

/** Null for what this version does not know. */
export function decodeGroup(bytes: Buffer): StoredGroup | null {
  interface Json extends Omit<StoredGroup, 'members'> {
    readonly version: number;
    readonly members: readonly (Omit<StoredMember, 'protocols' | 'assignment'> & {
      readonly protocols: readonly { readonly name: string; readonly metadata: string }[];
      readonly assignment: string;
    })[];
  }
  let json: Json;
  try {
    json = JSON.parse(bytes.toString()) as Json;
  } catch {
    return null;
  }
  const { version, members, ...group } = json;
  if (version !== GROUP_VERSION) return null;
  return {
    ...group,
    members: members.map((member) => ({
      ...member,
      protocols: member.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata, 'base64') })),
      assignment: Buffer.from(member.assignment, 'base64'),
    })),
  };
}
