import type { IggyClient } from './client.js';
import type { CommandKey } from './command-key.js';
import type { Dialler } from './dialler.js';
import { IggyCommandError } from './failures.js';
import type { BusySlot, Job, Slot, Slots } from './slots.js';

/** What the check of commands in flight needs of the pool. */
export interface LivenessContext {
  readonly slots: Slots;
  readonly dialler: Dialler;
  /** Key of commands for the server as a whole. */
  readonly control: CommandKey;
  /** Milliseconds after which a command is slow. */
  readonly slowMs: number;
  /** Milliseconds without an answer after which the node is probed. */
  readonly silenceMs: number;
  /** A command is slow. */
  readonly slow: (job: Job) => void;
  readonly run: (
    slot: BusySlot,
    client: IggyClient,
    command: (client: IggyClient) => Promise<unknown>,
  ) => Promise<unknown>;
}

/**
 * Looks at the commands in flight, as long as there are any: reports slow ones, and gives up those whose node is dead. A
 * node is alive if it answers another connection: then it only takes long for the command.
 */
export class Liveness {
  readonly #context: LivenessContext;
  #timer: NodeJS.Timeout | null = null;

  constructor(context: LivenessContext) {
    this.#context = context;
  }

  /** A command was sent. */
  watch(): void {
    if (this.#timer === null) this.#lookLater();
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      this.#look();
    }, this.#context.slowMs / 2).unref();
  }

  #look(): void {
    const { slots, slowMs, silenceMs, slow } = this.#context;
    const now = performance.now();
    for (const slot of slots) {
      const { job } = slot;
      if (job === null) continue;
      if (now - job.sentAt > slowMs) slow(job);
      if (now - job.aliveAt > silenceMs && !job.isProbing) void this.#probe(slot, job);
    }
    this.#timer = null;
    if (slots.isRunning) this.#lookLater();
  }

  async #probe(slot: Slot, job: Job): Promise<void> {
    job.isProbing = true;
    const isAlive = await this.#isAlive(slot, job);
    job.isProbing = false;
    if (slot.job !== job) return;
    const now = performance.now();
    if (isAlive) {
      job.aliveAt = now;
      return;
    }
    if (slot.target !== null) this.#context.dialler.addresses.failed(slot.target, job.sentAt, now);
    const silent = String(Math.round(now - job.aliveAt));
    job.giveUp(new IggyCommandError('LATE', `no answer for ${silent} ms, and none to another connection`));
  }

  async #isAlive(slot: Slot, job: Job): Promise<boolean> {
    const { slots, dialler, control } = this.#context;
    // The SDK may be connected to another node than the one that was dialled, and a later connection to yet another.
    const peers = Array.from(slots).filter(
      (peer) => peer !== slot && peer.target === slot.target && peer.connectedAt < job.sentAt,
    );
    if (peers.some(({ answeredAt }) => answeredAt > job.aliveAt)) return true;
    const idle = peers.find((peer) => peer.job === null && peer.client !== null);
    try {
      if (idle?.client) await this.#ping(slots.begin(idle, control), idle.client);
      else if (slot.target !== null) await dialler.probe(slot.target);
      return true;
    } catch {
      return false;
    }
  }

  async #ping(slot: BusySlot, client: IggyClient): Promise<void> {
    const { job } = slot;
    const { dialler, run } = this.#context;
    job.isProbing = true;
    const pinging = run(slot, client, ({ system }) => system.ping());
    const late = setTimeout(() => {
      job.giveUp(new IggyCommandError('LATE', 'no answer to a ping'));
    }, dialler.dialMs);
    try {
      await pinging;
    } finally {
      clearTimeout(late);
    }
  }
}
