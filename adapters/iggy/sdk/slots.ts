import type { DialTarget } from './addresses.js';
import type { IggyClient } from './client.js';
import { CommandKey } from './command-key.js';
import type { IggyCommandError } from './failures.js';

/**
 * Which limit a command counts for:
 *
 * - `regular`: the connections of the pool;
 * - `unproven`: the same, of which one is left to keys that have had an answer;
 * - `parked`: the connections for slow commands.
 */
export type Place = 'regular' | 'unproven' | 'parked';

/** A command that has a connection. */
export interface Job {
  key: CommandKey;
  place: Place;
  isProbing: boolean;
  /** When it was sent, by the monotonic clock; infinite while the connection is dialled. */
  sentAt: number;
  /** When the node was last known to be alive. */
  aliveAt: number;
  giveUp: (failure: IggyCommandError) => void;
}

/** A place for one client, which has one command in flight. */
export interface Slot {
  client: IggyClient | null;
  /** Where its client was dialled; null for a client of the user. */
  target: DialTarget | null;
  job: Job | null;
  connectedAt: number;
  /** When it gave the last answer. */
  answeredAt: number;
  /** When it may be used again, by the monotonic clock, after it failed. */
  notBefore: number;
  failures: number;
}

/** A slot that a command has. */
export interface BusySlot extends Slot {
  job: Job;
}

/** The slots of a pool, and how many commands of each kind have one. */
export class Slots implements Iterable<Slot> {
  /** How many commands may be in flight, besides parked ones. */
  readonly size: number;
  /** How many slow commands may have connections of their own. */
  readonly #maxParked: number;
  readonly #slots: Slot[];
  #running = 0;
  #parked = 0;
  #unproven = 0;

  constructor(size: number, maxParked: number, clients: readonly IggyClient[]) {
    this.size = size;
    this.#maxParked = maxParked;
    this.#slots = clients.map((client) => newSlot(client));
  }

  [Symbol.iterator](): Iterator<Slot> {
    return this.#slots[Symbol.iterator]();
  }

  get count(): number {
    return this.#slots.length;
  }

  /** Whether any command is in flight. */
  get isRunning(): boolean {
    return this.#running > 0;
  }

  /** Whether all regular connections have a command. */
  get isFull(): boolean {
    return this.#running - this.#parked >= this.size;
  }

  /** Whether one more slow command may be parked. */
  get canPark(): boolean {
    return this.#parked < this.#maxParked;
  }

  /** Whether there are more slots than the regular and the parked commands need. */
  get hasSurplus(): boolean {
    return this.#slots.length > this.size + this.#parked;
  }

  /** Whether a command of this key may be sent now. */
  hasRoom(key: CommandKey): boolean {
    if (key.isSlow) return key.running === 0 && this.canPark;
    if (this.isFull) return false;
    return key.isProven || this.#unproven < Math.max(1, this.size - 1);
  }

  /** The connected slot without a command that has failed least; null for none. */
  idle(now: number): Slot | null {
    let found: Slot | null = null;
    for (const slot of this.#slots) {
      if (slot.job !== null || slot.notBefore > now || slot.client === null) continue;
      if (found === null || slot.failures < found.failures) found = slot;
    }
    return found;
  }

  /** A slot without a client, to be connected; null while all rest or are in use. */
  vacant(now: number): Slot | null {
    for (const slot of this.#slots) if (slot.job === null && slot.notBefore <= now && slot.client === null) return slot;
    if (this.#slots.length >= this.size + this.#maxParked) return null;
    const slot = newSlot(null);
    this.#slots.push(slot);
    return slot;
  }

  has(slot: Slot): boolean {
    return this.#slots.includes(slot);
  }

  remove(slot: Slot): void {
    this.#slots.splice(this.#slots.indexOf(slot), 1);
  }

  /** Removes all slots and returns them. */
  clear(): Slot[] {
    return this.#slots.splice(0);
  }

  /** Gives a slot to a command. */
  begin(slot: Slot, key: CommandKey): BusySlot {
    const place = key.isSlow ? 'parked' : key.isProven ? 'regular' : 'unproven';
    const job: Job = { key, place, isProbing: false, sentAt: Infinity, aliveAt: Infinity, giveUp: nothing };
    key.running++;
    this.#running++;
    this.#count(place, 1);
    return Object.assign(slot, { job });
  }

  /** Takes the slot from its command. Returns whether it had one. */
  end(slot: Slot): boolean {
    const { job } = slot;
    if (job === null) return false;
    slot.job = null;
    job.key.running--;
    this.#running--;
    this.#count(job.place, -1);
    return true;
  }

  /** Moves a command to the slow ones. */
  park(job: Job): void {
    this.#move(job, 'parked');
  }

  /** A command was given up, and its slot stays in use until the client has an answer: its key need not wait for that. */
  detach(job: Job): void {
    job.key.running--;
    job.key = new CommandKey(job.key.name);
    job.key.running++;
    if (job.place === 'parked') this.#move(job, 'regular');
    job.sentAt = job.aliveAt = Infinity;
  }

  #move(job: Job, place: Place): void {
    this.#count(job.place, -1);
    this.#count(place, 1);
    job.place = place;
  }

  #count(place: Place, change: 1 | -1): void {
    if (place === 'parked') this.#parked += change;
    else if (place === 'unproven') this.#unproven += change;
  }
}

function newSlot(client: IggyClient | null): Slot {
  return { client, target: null, job: null, connectedAt: 0, answeredAt: 0, notBefore: 0, failures: 0 };
}

function nothing(): void {
  // A command that has not been sent cannot be given up.
}
