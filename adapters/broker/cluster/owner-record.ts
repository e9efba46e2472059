import { asBuffer } from '../as-buffer.js';
import type { BrokerNode } from '../broker-node.js';

/** Key of the state under which the owner says who it is. It writes the record again and again: a follower sees that it lives. */
export const OWNER_KEY = 'cluster/owner';

/** What the owner of the state says of itself. */
export interface OwnerRecord {
  /** What it advertises; null until that is known. */
  readonly node: BrokerNode | null;
  /** True once it has given the state back. */
  readonly isClosed: boolean;
  /** Epoch of its opening; null in the opening itself. A store that writes its log anew may put a record under a later epoch. */
  readonly epoch: number | null;
}

export function encodeOwnerRecord({ node, isClosed, epoch }: OwnerRecord): Buffer {
  if (node === null) return Buffer.from(JSON.stringify({ node, isClosed, epoch }));
  const { nodeId, host, port, rack } = node;
  return Buffer.from(JSON.stringify({ node: { nodeId, host, port, rack }, isClosed, epoch }));
}

/** Returns the record; null for what is none. */
export function decodeOwnerRecord(value: Uint8Array): OwnerRecord | null {
  try {
    const record = JSON.parse(asBuffer(value).toString()) as Partial<OwnerRecord> | null;
    return typeof record?.isClosed === 'boolean' ? (record as OwnerRecord) : null;
  } catch {
    return null;
  }
}
