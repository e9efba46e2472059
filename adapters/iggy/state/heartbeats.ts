import type { BrokerNode } from '../../broker/index.js';
import { NO_VALUE } from './state-entry.js';
import { encodeOwner } from './take-back-decision.js';

/** A gateway that has the log shows so many times in a session timeout that it is alive. */
const HEARTBEATS_PER_SESSION = 3;

/** Writes into the log that this gateway is alive, and what it advertises. */
export class Heartbeats {
  readonly #intervalMs: number;
  readonly #suspicionMs: number;
  readonly #write: (identity: Uint8Array) => Promise<void>;
  #identity = NO_VALUE;
  #timer: NodeJS.Timeout | null = null;
  /** A heartbeat that is on its way, and the one that is to follow it. */
  #current: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  /** When the owner of the log may be looked up again for a suspicion, by the monotonic clock. */
  #nextSuspicion = -Infinity;

  /** @param suspicionMs - Time between two heartbeats that are written for suspicions. */
  constructor(sessionTimeoutMs: number, suspicionMs: number, write: (identity: Uint8Array) => Promise<void>) {
    this.#intervalMs = sessionTimeoutMs / HEARTBEATS_PER_SESSION;
    this.#suspicionMs = suspicionMs;
    this.#write = write;
  }

  /** What this gateway advertises, as heartbeats carry it; empty until that is known. */
  get identity(): Uint8Array {
    return this.#identity;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => {
      if (this.#current === null) void this.check().catch(() => undefined);
    }, this.#intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Sets what this gateway advertises, and writes it into the log for those that it has overtaken. */
  present(node: BrokerNode): Promise<void> {
    this.#identity = encodeOwner(node);
    return this.check();
  }

  /**
   * Writes a heartbeat: resolves once it is certain that the log was this gateway's at a moment after the call. Concurrent
   * calls share one.
   *
   * @throws StoreError when another gateway has it, or that cannot be told.
   */
  check(): Promise<void> {
    if (this.#current === null) return this.#beat();
    // The one on its way may have been written before whatever the caller has seen.
    const next = (): Promise<void> => {
      this.#next = null;
      return this.#beat();
    };
    this.#next ??= this.#current.then(next, next);
    return this.#next;
  }

  /**
   * Another gateway seems to have the log. A busy partition suspects at each append: suspicions shortly after another one
   * are ignored.
   */
  suspect(): void {
    const now = performance.now();
    if (now < this.#nextSuspicion) return;
    this.#nextSuspicion = now + this.#suspicionMs;
    void this.check().catch(() => undefined);
  }

  #beat(): Promise<void> {
    const heartbeat = this.#write(this.#identity).finally(() => {
      this.#current = null;
    });
    this.#current = heartbeat;
    return heartbeat;
  }
}
