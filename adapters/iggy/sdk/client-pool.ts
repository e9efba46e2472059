import { backoffMs } from './addresses.js';
import type { IggyClient } from './client.js';
import { CommandKey } from './command-key.js';
import { ConnectionReports } from './connection-reports.js';
import { Dialler, type DiallerOptions } from './dialler.js';
import { IggyCommandError, commandFailure, IggyCode, isTransient } from './failures.js';
import { Liveness } from './liveness.js';
import { type BusySlot, type Job, type Slot, Slots } from './slots.js';
import { type GivesUp, within } from './within.js';

/** How a pool uses its clients. */
export interface PoolOptions extends DiallerOptions {
  /** Clients of the user; empty where `connect` makes them. */
  readonly clients: readonly IggyClient[];
  /** How many commands are in flight at most, besides slow ones: for these there may be as many connections again. */
  readonly connections: number;
  /** Milliseconds after which a command that has no answer is given up. */
  readonly commandTimeoutMs: number;
  /** Milliseconds after which a command is slow, and its key confined to one connection. Default: 500. */
  readonly slowMs?: number;
  /** Milliseconds without an answer after which the pool checks whether the node is alive. Default: 10,000. */
  readonly silenceMs?: number;
  /** Hears what an operator should know. */
  readonly warn: (message: string) => void;
}

interface Waiting {
  readonly key: CommandKey;
  readonly take: (slot: BusySlot) => void;
  readonly fail: (error: IggyCommandError) => void;
}

/** How often what changes nothing is asked while connections break. */
const MAX_ATTEMPTS = 3;
const SLOW_MS = 500;
const SILENCE_MS = 10_000;

/**
 * Several clients, each with one command in flight, so that a long answer holds up nobody else. A client that failed or
 * hung is replaced, or left alone for a while where it is not ours to replace.
 *
 * Commands are served in their order, with limits by their key: a key whose command is slow has one connection until it is
 * answered, and slow commands have connections of their own.
 */
export class ClientPool {
  readonly #options: PoolOptions;
  readonly #slots: Slots;
  readonly #dialler: Dialler;
  readonly #liveness: Liveness;
  readonly #reports: ConnectionReports;
  readonly #waiting: Waiting[] = [];
  /** Commands without a key of their own: they are never confined. */
  readonly #control = new CommandKey('the server');
  #state: 'opening' | 'open' | 'closed' = 'open';
  /** Serves those who wait when a slot or an address has rested. */
  #retry: NodeJS.Timeout | null = null;
  /** When free slots were last looked for, by the monotonic clock. */
  #lookedAt = 0;

  constructor(options: PoolOptions) {
    const { connect, clients, connections, slowMs = SLOW_MS, silenceMs = SILENCE_MS } = options;
    this.#options = options;
    this.#control.isProven = true;
    this.#reports = new ConnectionReports(options.warn);
    const size = connect === undefined ? clients.length : connections;
    const slots = new Slots(size, connect === undefined ? Math.max(1, clients.length >> 1) : connections, clients);
    const dialler = new Dialler(options, () => {
      this.#stopRetry();
      if (!this.isClosed) this.#serveLater();
    });
    this.#slots = slots;
    this.#dialler = dialler;
    this.#liveness = new Liveness({
      slots,
      dialler,
      control: this.#control,
      slowMs,
      silenceMs,
      slow: (job) => {
        this.#slow(job);
      },
      run: (slot, client, command) => this.#command(slot, client, command),
    });
  }

  /** How many commands can be in flight, besides slow ones. */
  get size(): number {
    return this.#slots.size;
  }

  /** Whether a command would have to wait for others. */
  get isBusy(): boolean {
    return this.#waiting.length > 0 || this.#slots.isFull;
  }

  /** Whether it is closed: nothing can be asked any more. */
  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Connects once, and rejects with what the first client said. */
  async open(): Promise<void> {
    this.#state = 'opening';
    try {
      await this.run((client) => this.#options.check(client));
    } finally {
      if (!this.isClosed) this.#state = 'open';
    }
  }

  /**
   * Runs a command on the next free client.
   *
   * @param key - What it shares its fate with; left out for the server as a whole.
   * @throws IggyCommandError
   */
  async run<T>(command: (client: IggyClient) => Promise<T>, key: CommandKey = this.#control): Promise<T> {
    const deadline = performance.now() + this.#options.connectTimeoutMs;
    for (;;) {
      const slot = (key.waiting > 0 ? null : this.#admit(key)) ?? (await this.#wait(key, deadline));
      let { client } = slot;
      try {
        client ??= await this.#connect(slot);
      } catch (error) {
        if ((error as IggyCommandError).code === 'UNSENT' && performance.now() < deadline) continue;
        throw error;
      }
      return this.#command(slot, client, command);
    }
  }

  /** The same for a command that changes nothing: when the connection breaks, it is asked again. @throws IggyCommandError */
  async query<T>(command: (client: IggyClient) => Promise<T>, key?: CommandKey): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.run(command, key);
      } catch (error) {
        if ((error as IggyCommandError).code !== 'BROKEN' || attempt === MAX_ATTEMPTS || this.isClosed) throw error;
      }
    }
  }

  /** Lets go of everything: what waits is rejected, clients of our own are closed. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#stopRetry();
    for (const { fail } of this.#waiting.splice(0)) fail(closed());
    if (!this.#dialler.canDial) return;
    for (const { job, client } of this.#slots) if (client === null) job?.giveUp(closed());
    await Promise.all(this.#slots.clear().map(({ client }) => this.#dialler.destroy(client)));
  }

  /** Gives a command of this key a connection; null when it has to wait for one. */
  #admit(key: CommandKey): BusySlot | null {
    if (this.isClosed) throw closed();
    if (!this.#slots.hasRoom(key)) return null;
    const slot = this.#free();
    return slot === null ? null : this.#slots.begin(slot, key);
  }

  /** A slot without a command: a connected one if there is one, or one to be connected. */
  #free(): Slot | null {
    const now = performance.now();
    this.#lookedAt = now;
    const connected = this.#slots.idle(now);
    if (connected !== null || !this.#dialler.canDial) return connected;
    if (this.#dialler.readyAt > now) return null;
    // While connections fail, one dial at a time: a cluster that elects is not flooded with logins.
    if (this.#dialler.isDialling && this.#reports.isTroubled) return null;
    return this.#slots.vacant(now);
  }

  #wait(key: CommandKey, deadline: number): Promise<BusySlot> {
    key.waiting++;
    return new Promise((resolve, reject) => {
      const left = Math.max(1, deadline - performance.now());
      const waiting: Waiting = {
        key,
        take(slot) {
          clearTimeout(timer);
          key.waiting--;
          resolve(slot);
        },
        fail(error) {
          clearTimeout(timer);
          key.waiting--;
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        const waited = String(this.#options.connectTimeoutMs);
        waiting.fail(new IggyCommandError('UNSENT', `no connection for ${waited} ms: ${this.#whyWaiting(key)}`));
      }, left);
      this.#waiting.push(waiting);
      this.#serveLater();
    });
  }

  #whyWaiting(key: CommandKey): string {
    if (key.isSlow) return `Iggy has not answered the last command for ${key.name}`;
    return this.#slots.isFull ? `all ${String(this.size)} are busy` : this.#reports.lastFailure;
  }

  /** Gives slots that are free to those who wait, in their order. */
  #serve(): void {
    this.#lookedAt = performance.now();
    for (let index = 0; index < this.#waiting.length;) {
      if (this.#slots.isFull && !this.#slots.canPark) break;
      const slot = this.#admit(this.#waiting[index]!.key);
      if (slot === null) index++;
      else this.#waiting.splice(index, 1)[0]?.take(slot);
    }
    this.#serveLater();
  }

  /** A slot or an address that rests after a failure frees itself by time. */
  #serveLater(): void {
    if (this.#retry !== null || this.#waiting.length === 0) return;
    const { canDial, readyAt } = this.#dialler;
    let earliest = this.#slots.count < this.size && canDial ? readyAt : Infinity;
    for (const { job, client, notBefore } of this.#slots) {
      if (job !== null) continue;
      earliest = Math.min(earliest, client === null ? Math.max(notBefore, readyAt) : notBefore);
    }
    // What was ready and was not taken is there for others: a command that ends makes room.
    if (earliest <= this.#lookedAt || earliest === Infinity) return;
    const delay = Math.max(1, earliest - performance.now());
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (!this.isClosed) this.#serve();
    }, delay);
  }

  #stopRetry(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #release(slot: Slot): void {
    if (!this.#slots.end(slot) || this.isClosed) return;
    // Connections beside the regular ones are for slow commands.
    if (this.#dialler.canDial && this.#slots.hasSurplus) {
      this.#slots.remove(slot);
      void this.#dialler.destroy(slot.client);
    }
    this.#serve();
  }

  async #connect(slot: BusySlot): Promise<IggyClient> {
    const { addresses } = this.#dialler;
    const { job } = slot;
    const began = performance.now();
    const target = addresses.next(began);
    try {
      const givesUp: GivesUp = (reject) => (job.giveUp = reject);
      const made = await this.#dialler.dial(target, givesUp);
      if (!this.#slots.has(slot)) {
        void this.#dialler.destroy(made);
        throw closed();
      }
      slot.client = made;
      slot.target = target;
      slot.connectedAt = performance.now();
      slot.failures = 0;
      addresses.worked(target);
      return made;
    } catch (error) {
      if (!this.isClosed) addresses.failed(target, began, performance.now());
      const failure = commandFailure(error);
      this.#reports.failed(failure, target, this.#state);
      this.#release(slot);
      // Nothing of what was asked was sent.
      const isAnswer = failure.code === 'REFUSED' && !isTransient(failure);
      throw isAnswer ? failure : new IggyCommandError('UNSENT', failure.message, undefined, { cause: error });
    }
  }

  async #command<T>(slot: BusySlot, client: IggyClient, command: (client: IggyClient) => Promise<T>): Promise<T> {
    const { job } = slot;
    const { key } = job;
    job.sentAt = job.aliveAt = performance.now();
    this.#liveness.watch();
    let running: Promise<T> | undefined;
    try {
      const result = await within(
        this.#options.commandTimeoutMs,
        'a command',
        () => (running = command(client)),
        (reject) => (job.giveUp = reject),
      );
      key.isProven = true;
      key.isSlow = false;
      slot.failures = 0;
      slot.answeredAt = performance.now();
      if (this.#reports.isTroubled) this.#reports.recovered(slot.target);
      this.#release(slot);
      return result;
    } catch (error) {
      const failure = commandFailure(error);
      if (failure.code === 'LATE') failure.settled = running?.then(nothing, nothing);
      if (failure.code === 'REFUSED' || failure.code === 'GARBLED') this.#refused(slot, key, failure);
      else this.#broken(slot, client, failure, running);
      throw failure;
    }
  }

  /** The server has answered a command, if only with a refusal: the connection is fine. */
  #refused(slot: BusySlot, key: CommandKey, failure: IggyCommandError): void {
    key.isSlow = isTransient(failure) && key !== this.#control;
    key.isProven ||= !key.isSlow;
    slot.answeredAt = performance.now();
    if (failure.errorCode === IggyCode.UNAUTHORIZED) this.#reports.lacks(failure);
    this.#release(slot);
  }

  /** A command has no answer. */
  #broken(slot: BusySlot, client: IggyClient, failure: IggyCommandError, running: Promise<unknown> | undefined): void {
    const { job } = slot;
    if (failure.code === 'LATE') job.key.isSlow = job.key !== this.#control;
    // The SDK closes the connection when its last attempt of a refused command is not answered: the node is fine.
    if (!isTransient(failure)) this.#reports.failed(failure, slot.target, this.#state);
    if (this.#dialler.canDial) {
      slot.client = null;
      void this.#dialler.destroy(client);
      this.#rest(slot);
    } else if (failure.code === 'LATE') {
      // Not ours to replace: it is free again when it has an answer, or gives up, which may be never.
      this.#slots.detach(job);
      const over = (): void => this.#rest(slot);
      running?.then(over, over);
    } else {
      this.#rest(slot);
    }
  }

  /** A slow command leaves its place among the regular ones to others. */
  #slow(job: Job): void {
    if (job.key !== this.#control) job.key.isSlow = true;
    if (job.place === 'parked' || !this.#slots.canPark) return;
    this.#slots.park(job);
    this.#serve();
  }

  /** A slot rests for longer and longer while it fails. */
  #rest(slot: Slot): void {
    slot.notBefore = performance.now() + backoffMs(slot.failures++);
    this.#release(slot);
  }
}

function closed(): IggyCommandError {
  return new IggyCommandError('UNSENT', 'the adapter is closed');
}

function nothing(): void {
  // Settled, whichever way.
}
