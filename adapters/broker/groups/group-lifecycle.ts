import type { Clock } from '../clock.js';

/** States of a group of the classic protocol, as ListGroups names them. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** The state of a group, with the one before it and the time of the change. */
export class GroupLifecycle {
  readonly #clock: Clock;
  #state: GroupState = 'Empty';
  #previous: GroupState = 'Dead';
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  get state(): GroupState {
    return this.#state;
  }

  get previous(): GroupState {
    return this.#previous;
  }

  /** When the group came into its state, in ms since the epoch. */
  get since(): number {
    return this.#since;
  }

  transition(state: GroupState): void {
    this.#previous = this.#state;
    this.#state = state;
    this.#since = this.#clock.now();
  }

  /** Returns to a state that was stored. */
  restore(state: 'Empty' | 'Stable', since: number): void {
    this.#state = state;
    this.#since = since;
  }
}
