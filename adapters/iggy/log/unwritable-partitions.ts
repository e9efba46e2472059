import { StoreError } from '../../broker/index.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { type IggyCommandError, IggyCode, isTransient, mayBeDone } from '../sdk/failures.js';
import { readRoster, type Roster } from '../sdk/features.js';
import type { PartitionState } from './partition-state.js';

/** Milliseconds for which appends are refused at once after one was refused. */
const HOLD_MS = 10_000;

/**
 * Partitions that Iggy takes no messages for. The SDK repeats a send for 30 s, so a refusal lasts. In a cluster with a
 * leader the primary of the partition is another node, which the SDK does not reach: producers get an error that they do
 * not retry. Otherwise, as during an election, they get one that they retry.
 */
export class UnwritablePartitions {
  readonly #pool: ClientPool;
  readonly #warn: (message: string) => void;

  constructor(pool: ClientPool, warn: (message: string) => void) {
    this.#pool = pool;
    this.#warn = warn;
  }

  /** @throws StoreError when the partition was refused lately. */
  check({ refusal }: PartitionState): void {
    if (refusal !== null && performance.now() < refusal.until) throw refusal.error;
  }

  /** A send was taken. */
  taken(state: PartitionState): void {
    if (state.refusal === null) return;
    state.refusal = null;
    this.#warn(`Iggy: ${state.name} can be written again`);
  }

  async #errorOf(failure: IggyCommandError, state: PartitionState): Promise<StoreError> {
    if (failure.errorCode === IggyCode.NOT_COMMITTED) {
      const why = 'too few nodes of Iggy answer, and it may be committed yet';
      return new StoreError(
        'OUTCOME_UNKNOWN',
        `Iggy: a send to ${state.name} is not committed: ${why}: ${failure.message}`,
      );
    }
    return refusalOf(await this.#pool.query(readRoster).catch(() => null), failure, state);
  }

  /**
   * A send failed.
   *
   * @returns The error of an append that surely was not done; null where another one is to be given.
   */
  async failed(failure: IggyCommandError, state: PartitionState): Promise<StoreError | null> {
    if (!isTransient(failure)) return null;
    const error = await this.#errorOf(failure, state);
    if (state.refusal?.error.code !== error.code) this.#warn(error.message);
    state.refusal = { error, until: error.code === 'UNWRITABLE' ? performance.now() + HOLD_MS : -Infinity };
    return mayBeDone(failure) ? null : error;
  }
}

function refusalOf(roster: Roster | null, { message }: IggyCommandError, { name }: PartitionState): StoreError {
  if (roster === null || roster.nodeCount < 2 || roster.leader === null) {
    const why = roster === null ? 'Iggy does not take messages for it' : 'no node of Iggy is its primary for now';
    return new StoreError('UNAVAILABLE', `Iggy: ${name} cannot be written: ${why}: ${message}`);
  }
  const why = `its primary is another node than ${roster.leader}, the only one that Iggy's SDK sends to`;
  return new StoreError('UNWRITABLE', `Iggy: ${name} cannot be written: ${why}: ${message}`);
}
