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
}

export function encodeOwnerRecord({ node, isClosed }: OwnerRecord): Buffer {
  if (node === null) return Buffer.from(JSON.stringify({ node, isClosed }));
  const { nodeId, host, port, rack } = node;
  return Buffer.from(JSON.stringify({ node: { nodeId, host, port, rack }, isClosed }));
}

export function decodeOwnerRecord(value: Uint8Array): OwnerRecord {
  return JSON.parse(asBuffer(value).toString()) as OwnerRecord;
}
