import { asBuffer } from '../as-buffer.js';
import type { BrokerNode } from '../broker-node.js';

/** Key of the owner record in the state. The owner rewrites it periodically as a heartbeat for followers. */
export const OWNER_KEY = 'cluster/owner';

/** Record of the owner of the state. */
export interface OwnerRecord {
  /** Node id and advertised address; null until they are known. */
  readonly node: BrokerNode | null;
  /** Whether the owner has closed the state. */
  readonly isClosed: boolean;
  /** Epoch of its opening; null in the opening itself. A store that rewrites its log may store a record under a later epoch. */
  readonly epoch: number | null;
}

export function encodeOwnerRecord({ node, isClosed, epoch }: OwnerRecord): Buffer {
  if (node === null) return Buffer.from(JSON.stringify({ node, isClosed, epoch }));
  const { nodeId, host, port, rack } = node;
  return Buffer.from(JSON.stringify({ node: { nodeId, host, port, rack }, isClosed, epoch }));
}

/** Decodes an owner record; null for an invalid value. */
export function decodeOwnerRecord(value: Uint8Array): OwnerRecord | null {
  try {
    const record = JSON.parse(asBuffer(value).toString()) as Partial<OwnerRecord> | null;
    return typeof record?.isClosed === 'boolean' ? (record as OwnerRecord) : null;
  } catch {
    return null;
  }
}
