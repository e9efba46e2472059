import type { BrokerNode, LogStore, ShardOpening } from 'iggy-gateway-kafka/adapters/broker';
import { decodeOwnerRecord, OWNER_KEY, type OwnerRecord } from '../../adapters/broker/cluster/owner-record.js';
import { type StateChange, StateOwnership } from '../../adapters/broker/cluster/state-ownership.js';
import { readState } from './stored-state.js';
import { TurnedClock } from './turned-clock.js';

export const SESSION_MS = 3000;
/** How often the owner writes that it is alive. */
export const HEARTBEAT_MS = SESSION_MS / 3;
/** How often a broker that has lost the state looks at it. */
export const LOOK_MS = SESSION_MS / 10;

export const nodeOf = (nodeId: number): BrokerNode => ({
  nodeId,
  host: `kafka-${String(nodeId)}`,
  port: 9092,
  rack: null,
});

/** The ownership of the state of one broker, with a clock of its own, and what it reported. */
export interface StateOwner {
  readonly ownership: StateOwnership;
  readonly clock: TurnedClock;
  readonly changes: StateChange[];
  readonly warnings: string[];
  /** Epochs of its openings. */
  readonly epochs: number[];
  open(): Promise<void>;
  close(): Promise<void>;
}

export function stateOwner(store: LogStore, accept: ShardOpening['accept'] = () => undefined): StateOwner {
  const clock = new TurnedClock();
  const changes: StateChange[] = [];
  const warnings: string[] = [];
  const epochs: number[] = [];
  const { signal } = new AbortController();
  const ownership = new StateOwnership({
    store,
    clock,
    sessionTimeoutMs: SESSION_MS,
    accept,
    opened: (epoch) => epochs.push(epoch),
    changed: (change) => changes.push(change),
    warn: (message) => warnings.push(message),
  });
  return {
    ownership,
    clock,
    changes,
    warnings,
    epochs,
    open: () => ownership.open(signal),
    close: () => ownership.close(signal),
  };
}

/** Returns what the owner of the state says of itself; null where it has said nothing. */
export async function ownerRecord(store: LogStore): Promise<OwnerRecord | null> {
  const record = (await readState(store)).find(([key]) => key === OWNER_KEY);
  return record === undefined ? null : decodeOwnerRecord(record[1]);
}
