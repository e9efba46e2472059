import type { BackendStatus, Endpoint, GatewayHandle } from '../../src/contract/index.js';
import type { Kit, KitPart } from './kit.js';
import type { StateChange } from './cluster/state-ownership.js';

/** How often it is tried to load a state that was regained, in ms. */
const RETRY_MS = 1000;

/** What a handover asks of the broker. */
export interface HandoverSteps {
  /** Presents the broker to those that share its store. */
  identify(endpoint: Endpoint | null): Promise<void>;
  /** Loads what is not any part's. */
  load(): Promise<void>;
  /** All parts have loaded theirs. */
  loaded(): void;
}

/**
 * Follows who has the durable state, where several brokers open one store: suspends the parts of the kit while another
 * broker has it, and lets them load it again afterwards. Changes are handled one after another.
 */
export class StateHandover {
  readonly #kit: Kit;
  readonly #parts: readonly KitPart[];
  readonly #steps: HandoverSteps;
  #gateway: GatewayHandle | null = null;
  #isIdentified = false;
  /** The newest change that was not handled yet. */
  #next: StateChange | null = null;
  #handling: Promise<void> | null = null;
  #stopRetry: (() => void) | null = null;

  constructor(kit: Kit, parts: readonly KitPart[], steps: HandoverSteps) {
    this.#kit = kit;
    this.#parts = parts;
    this.#steps = steps;
  }

  /** The broker is about to open the state. */
  begin(): void {
    this.#kit.placement.regain();
    this.#isIdentified = false;
    this.#next = null;
  }

  /** All parts are open. */
  start(gateway: GatewayHandle): void {
    this.#gateway = gateway;
  }

  /** Another broker owns the state, or this one does again. */
  changed(change: StateChange): void {
    // At once, before anything else is answered.
    if (change.kind === 'lost') this.#kit.placement.lose(change.owner, change.epoch);
    // A retry is for the change before: it must not regain what has been lost since.
    this.#stopRetry?.();
    this.#take(change);
  }

  /** The address of this broker is known, and its node id. */
  identified(): void {
    this.#isIdentified = true;
    this.#take(this.#next);
  }

  async stop(): Promise<void> {
    this.#gateway = null;
    this.#isIdentified = false;
    this.#next = null;
    await this.#handling;
    this.#stopRetry?.();
  }

  #take(change: StateChange | null): void {
    this.#next = change;
    // Before that, parts go by a node id that may change.
    if (change === null || !this.#isIdentified) return;
    this.#handling ??= this.#handle().finally(() => {
      this.#handling = null;
      this.#take(this.#next);
    });
  }

  async #handle(): Promise<void> {
    for (let change = this.#next; change !== null; change = this.#next) {
      this.#next = null;
      if (change.kind === 'lost') await this.#suspend(change);
      else await this.#resume(change);
    }
  }

  async #suspend({ owner }: StateChange & { kind: 'lost' }): Promise<void> {
    const { placement } = this.#kit;
    for (const part of this.#parts) await part.suspend?.();
    const { successor } = placement;
    if (successor?.nodeId === placement.nodeId) {
      const id = String(placement.nodeId);
      const where = `${successor.host}:${String(successor.port)}`;
      const why = `node.id: "${id}"; expected another one than that of the gateway at ${where}`;
      this.#kit.warn(
        `broker: the gateway that has taken over has the same node id: ${why}, since clients keep connections by it`,
      );
    }
    if (owner !== null && placement.advertises(owner)) {
      const where = `"${owner.host}:${String(owner.port)}"`;
      const expected = 'expected a load balancer that asks for readiness';
      this.#kit.warn(
        `broker: the gateway that has taken over advertises the same address: ${where}; ${expected}: clients that reach this one cannot be sent on, and try again until one of the two closes`,
      );
    }
    this.#report({ state: 'overtaken', successor: owner });
  }

  async #resume(change: StateChange): Promise<void> {
    const gateway = this.#gateway;
    if (gateway === null) return;
    try {
      // Where an attempt before this one came half way, or the loss was too short to be handled.
      for (const part of this.#parts) await part.suspend?.();
      await this.#steps.load();
      await this.#steps.identify(gateway.advertised);
      for (const part of this.#parts) await part.resume?.();
      this.#steps.loaded();
    } catch (error) {
      this.#kit.warn(`the state that was regained cannot be loaded yet: ${String(error)}`, 'regained');
      this.#retry(change);
      return;
    }
    // Lost again meanwhile: what was loaded is dropped next.
    if (this.#next !== null) return;
    this.#kit.placement.regain();
    this.#report({ state: 'active', successor: null });
  }

  #retry(change: StateChange): void {
    const { clock } = this.#kit;
    // A newer change, which is handled next, takes the place of this one.
    if (this.#next !== null) return;
    this.#stopRetry = clock.after(RETRY_MS, () => {
      this.#take(change);
    });
  }

  #report(status: BackendStatus): void {
    this.#gateway?.reportStatus(status);
  }
}
