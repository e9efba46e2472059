import { type Awaitable, settles } from '../../../src/contract/index.js';
import { attempt } from '../awaitable.js';
import type { BrokerNode } from '../broker-node.js';
import type { Clock } from '../clock.js';
import type { LogStore } from '../store/log-store.js';
import type { ShardChange, ShardOpening, ShardValue, StateShard } from '../store/state-shard.js';
import { StoreError } from '../store/store-error.js';
import { encodeOwnerRecord, OWNER_KEY } from './owner-record.js';
import { TakeBack } from './take-back.js';

/** The state has one shard. */
const SHARD = 0;
const SHARD_COUNT = 1;

/** Number of heartbeats of the owner per session timeout. */
const HEARTBEATS_PER_SESSION = 3;

/** Milliseconds that `close` waits for the store after its signal has aborted. */
const CLOSING_MS = 1000;

/** Change of the owner of the durable state of a shared store. */
export type StateChange =
  /** Another broker owns the state. `owner` is null while its address is unknown, `epoch` while its epoch is unknown. */
  | { readonly kind: 'lost'; readonly owner: BrokerNode | null; readonly epoch: number | null }
  /** This broker owns the state again. The values of the shard have to be reloaded. */
  | { readonly kind: 'regained' };

/** Options of {@link StateOwnership}. */
export interface StateOwnershipOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  /** Throws for state that this release cannot read, before its owner is fenced. */
  readonly accept: (values: Iterable<ShardValue>) => void;
  /** Called with the epoch of each opening. */
  readonly opened: (epoch: number) => void;
  readonly changed: (change: StateChange) => void;
  readonly warn: (message: string) => void;
}

/**
 * Owns the durable state for this broker. If several brokers share a store, it writes heartbeats for the brokers that follow
 * the state. It takes the state back from an owner that has closed it or stopped its heartbeats (`take-back.ts`).
 */
export class StateOwnership {
  readonly #options: StateOwnershipOptions;
  readonly #isShared: boolean;
  readonly #takeBack: TakeBack;
  /** The newest opening, which may have been fenced since; null until the first one. */
  #shard: StateShard | null = null;
  #isFenced = false;
  #isClosing = false;
  /** Node id and advertised address of this broker; null until they are known. */
  #node: BrokerNode | null = null;
  #signal = AbortSignal.abort();
  #stopHeartbeats: (() => void) | null = null;

  constructor(options: StateOwnershipOptions) {
    this.#options = options;
    this.#isShared = options.store.followShard !== undefined;
    this.#takeBack = new TakeBack({ ...options, shard: SHARD, open: (epoch) => this.#open(epoch) });
  }

  /** Opens the state and fences its owner. @throws StoreError */
  open(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#isClosing = false;
    // Discard the address of the previous run: the gateway may advertise another one now.
    this.#node = null;
    return this.#open(null);
  }

  async #open(expectedEpoch: number | null): Promise<void> {
    const { store, accept, opened } = this.#options;
    const before = this.#shard;
    const state: { shard: StateShard | null; fencedBy: StoreError | null } = { shard: null, fencedBy: null };
    const opening: ShardOpening = {
      shard: SHARD,
      shardCount: SHARD_COUNT,
      owner: encodeOwnerRecord({ node: this.#node, isClosed: false, epoch: null }),
      expectedEpoch,
      accept,
      fenced: (error) => {
        state.fencedBy = error;
        if (state.shard !== null) this.#fenced(state.shard, error);
      },
    };
    const shard = await store.openShard(opening, this.#signal);
    state.shard = shard;
    this.#shard = shard;
    this.#isFenced = false;
    opened(shard.epoch);
    // The previous opening is fenced, so its close needs no waiting.
    if (before !== null) void settles(closed(before, this.#signal), this.#signal, CLOSING_MS).catch(() => undefined);
    if (state.fencedBy !== null) this.#fenced(shard, state.fencedBy);
    else this.#beatLater();
  }

  /** @throws StoreError `UNAVAILABLE` once the state is closed, because an aborted request may still run for a while. */
  get #opened(): StateShard {
    if (this.#shard === null) throw new StoreError('UNAVAILABLE', `${this.#options.store.name}: the state is not open`);
    return this.#shard;
  }

  /** Returns the values of the state. @throws StoreError */
  load(): Awaitable<Iterable<ShardValue>> {
    return this.#opened.load(this.#signal);
  }

  /** Changes the state, in the order of the calls. @throws StoreError `FENCED` once another broker owns it. */
  put(changes: readonly ShardChange[]): Awaitable<void> {
    const shard = this.#opened;
    return attempt(
      () => shard.put(changes),
      () => undefined,
      (error) => {
        if (error instanceof StoreError && error.code === 'FENCED') this.#fenced(shard, error);
        throw error;
      },
    );
  }

  /** Publishes the node id and address of this broker to the brokers that share the store. @throws StoreError */
  async present(node: BrokerNode): Promise<void> {
    this.#node = node;
    try {
      await this.#beat();
    } catch (error) {
      // The record is written once the state is regained.
      if (!this.#isFenced) throw error;
    }
  }

  /** Closes the state and marks it as closed, so that other brokers need not wait for the session timeout. */
  async close(signal: AbortSignal): Promise<void> {
    this.#isClosing = true;
    await settles(this.#takeBack.stop(), signal, CLOSING_MS);
    this.#stopHeartbeats?.();
    await settles(this.#giveBack(), signal, CLOSING_MS);
    const shard = this.#shard;
    this.#shard = null;
    if (shard !== null) await settles(closed(shard, signal), signal, CLOSING_MS);
  }

  async #giveBack(): Promise<void> {
    if (this.#shard === null || !this.#isShared || this.#isFenced) return;
    try {
      await this.#show(true);
    } catch {
      // Other brokers take over after the session timeout.
    }
  }

  async #show(isClosed: boolean): Promise<void> {
    const { epoch } = this.#opened;
    await this.put([[OWNER_KEY, encodeOwnerRecord({ node: this.#node, isClosed, epoch })]]);
  }

  #fenced(shard: StateShard, error: StoreError): void {
    if (shard !== this.#shard || this.#isFenced) return;
    this.#isFenced = true;
    this.#stopHeartbeats?.();
    if (this.#isClosing) return;
    const { warn, changed } = this.#options;
    warn(`${error.message}; this broker refuses what depends on it until it owns the state again`);
    changed({ kind: 'lost', owner: null, epoch: null });
    this.#takeBack.follow(this.#signal);
  }

  #beatLater(): void {
    if (!this.#isShared || this.#isFenced || this.#isClosing) return;
    const { clock, sessionTimeoutMs } = this.#options;
    this.#stopHeartbeats?.();
    this.#stopHeartbeats = clock.after(sessionTimeoutMs / HEARTBEATS_PER_SESSION, () => {
      void this.#beat().catch(() => undefined);
    });
  }

  /** Writes the owner record as a heartbeat. */
  async #beat(): Promise<void> {
    if (!this.#isShared || this.#isFenced) return;
    try {
      await this.#show(false);
    } finally {
      this.#beatLater();
    }
  }
}

async function closed(shard: StateShard, signal: AbortSignal): Promise<void> {
  await shard.close(signal);
}
