import { type Addresses, backoffMs, type DialTarget, type IggyAddress } from './addresses.js';
import { type IggyClient, isIggyClient } from './client.js';
import { CommandKey } from './command-key.js';
import { CommandFailure, commandFailure, IggyCode, isRefusedEntry, isTransient } from './failures.js';

/** How a pool uses its clients. */
export interface PoolOptions {
  /** Makes a client; undefined where `clients` are given, which connect again by themselves. */
  readonly connect: ((address: IggyAddress) => Promise<IggyClient> | IggyClient) | undefined;
  /** Where `connect` is to connect. */
  readonly addresses: Addresses;
  readonly clients: readonly IggyClient[];
  /** How many commands are in flight at most, besides slow ones: for these there may be as many connections again. */
  readonly connections: number;
  /** Milliseconds after which a command that has no answer is given up. */
  readonly commandTimeoutMs: number;
  /** Milliseconds for which a command waits for a connection. */
  readonly connectTimeoutMs: number;
  /** Milliseconds after which a command is slow, and its key confined to one connection. Default: 500. */
  readonly slowMs?: number;
  /** Milliseconds without an answer after which the pool checks whether the node is alive. Default: 10,000. */
  readonly silenceMs?: number;
  /** Asks the server for something, so that it is known that a new client works. */
  readonly check: (client: IggyClient) => Promise<unknown>;
  /** Hears what an operator should know. */
  readonly warn: (message: string) => void;
}

/** A command that has a connection. */
interface Job {
  key: CommandKey;
  /** Whether it counts as one of a key that has had no answer yet. */
  isUnproven: boolean;
  /** Whether it is slow, so that its connection is not one of the regular ones. */
  isParked: boolean;
  isProbing: boolean;
  /** When it was sent, by the monotonic clock; infinite while the connection is dialled. */
  sentAt: number;
  /** When the node was last known to be alive. */
  aliveAt: number;
  giveUp: (failure: CommandFailure) => void;
}

/** A place for one client, which has one command in flight. */
interface Slot {
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

/** One that a command has. */
interface BusySlot extends Slot {
  job: Job;
}

interface Waiting {
  readonly key: CommandKey;
  readonly take: (slot: BusySlot) => void;
  readonly fail: (error: CommandFailure) => void;
}

/** Takes the function that gives work up before its time is over. */
type GivesUp = (reject: (failure: CommandFailure) => void) => void;

/** How often what changes nothing is asked while connections break. */
const MOST_ATTEMPTS = 3;
/** With several addresses, each dial has its share of the time for connecting, but so many ms at least. */
const MIN_DIAL_MS = 2500;
/** How long an address rests at most whose login is still under way. */
const MAX_LATE_REST_MS = 5000;
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
  readonly #slots: Slot[] = [];
  readonly #waiting: Waiting[] = [];
  /** Commands without a key of their own: they are never confined. */
  readonly #control = new CommandKey('the server');
  readonly #slowMs: number;
  readonly #silenceMs: number;
  /** How many slow commands may have connections of their own. */
  readonly #maxParked: number;
  #running = 0;
  #parked = 0;
  /** Regular commands of keys that have had no answer yet. */
  #unproven = 0;
  #retry: NodeJS.Timeout | null = null;
  #watching: NodeJS.Timeout | null = null;
  #closed = false;
  #opening = false;
  /** Dials under way. */
  #dialling = 0;
  /** When free slots were last looked for, by the monotonic clock. */
  #lookedAt = 0;
  #lastFailure = 'there is no connection';
  /** What the operator has been told since all was well: that connections fail, that we are not let in. */
  readonly #told = new Set<string>();
  readonly #lacking = new Set<string>();

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#slowMs = options.slowMs ?? SLOW_MS;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
    this.#control.isProven = true;
    for (const client of options.clients) this.#slots.push(newSlot(client));
    this.#maxParked = options.connect === undefined ? Math.max(1, options.clients.length >> 1) : options.connections;
  }

  /** How many commands can be in flight, besides slow ones. */
  get size(): number {
    return this.#options.connect === undefined ? this.#slots.length : this.#options.connections;
  }

  /** Whether a command would have to wait for others. */
  get isBusy(): boolean {
    return this.#waiting.length > 0 || this.#isFull;
  }

  get #isFull(): boolean {
    return this.#running - this.#parked >= this.size;
  }

  /** Whether it is closed: nothing can be asked any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Connects once, and rejects with what the first client said. */
  async open(): Promise<void> {
    this.#closed = false;
    this.#opening = true;
    try {
      await this.run((client) => this.#options.check(client));
    } finally {
      this.#opening = false;
    }
  }

  /**
   * Runs a command on the next free client.
   *
   * @param key - What it shares its fate with; left out for the server as a whole.
   * @throws CommandFailure
   */
  async run<T>(command: (client: IggyClient) => Promise<T>, key: CommandKey = this.#control): Promise<T> {
    const deadline = performance.now() + this.#options.connectTimeoutMs;
    for (;;) {
      const slot = (key.waiting > 0 ? null : this.#admit(key)) ?? (await this.#wait(key, deadline));
      let { client } = slot;
      try {
        client ??= await this.#connect(slot);
      } catch (error) {
        if ((error as CommandFailure).kind === 'unsent' && performance.now() < deadline) continue;
        throw error;
      }
      return this.#command(slot, client, command);
    }
  }

  /** The same for a command that changes nothing: when the connection breaks, it is asked again. @throws CommandFailure */
  async query<T>(command: (client: IggyClient) => Promise<T>, key?: CommandKey): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.run(command, key);
      } catch (error) {
        if ((error as CommandFailure).kind !== 'broken' || attempt === MOST_ATTEMPTS || this.#closed) throw error;
      }
    }
  }

  /** Lets go of everything: what waits is rejected, clients of our own are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    for (const { fail } of this.#waiting.splice(0)) fail(closed());
    if (this.#options.connect === undefined) return;
    for (const { job, client } of this.#slots) if (client === null) job?.giveUp(closed());
    await Promise.all(this.#slots.splice(0).map(({ client }) => this.#destroy(client)));
  }

  /** Gives a command of this key a connection; null when it has to wait for one. */
  #admit(key: CommandKey): BusySlot | null {
    if (this.#closed) throw closed();
    if (!this.#hasRoom(key)) return null;
    const slot = this.#free();
    return slot === null ? null : this.#begin(slot, key);
  }

  #hasRoom(key: CommandKey): boolean {
    if (key.isSlow) return key.running === 0 && this.#parked < this.#maxParked;
    if (this.#isFull) return false;
    return key.isProven || this.#unproven < Math.max(1, this.size - 1);
  }

  #begin(slot: Slot, key: CommandKey): BusySlot {
    const { isSlow: isParked } = key;
    const isUnproven = !isParked && !key.isProven;
    const times = { sentAt: Infinity, aliveAt: Infinity };
    const job: Job = { key, isUnproven, isParked, isProbing: false, ...times, giveUp: nothing };
    key.running++;
    this.#running++;
    if (isParked) this.#parked++;
    if (isUnproven) this.#unproven++;
    return Object.assign(slot, { job });
  }

  /** A slot without a command: a connected one if there is one, or one to be connected. */
  #free(): Slot | null {
    const now = performance.now();
    this.#lookedAt = now;
    const { connect, addresses } = this.#options;
    let connected: Slot | null = null;
    let empty: Slot | null = null;
    for (const slot of this.#slots) {
      if (slot.job !== null || slot.notBefore > now) continue;
      if (slot.client === null) empty ??= slot;
      else if (connected === null || slot.failures < connected.failures) connected = slot;
    }
    if (connected !== null || connect === undefined) return connected;
    if (addresses.readyAt > now) return null;
    // While connections fail, one dial at a time: a cluster that elects is not flooded with logins.
    if (this.#dialling > 0 && this.#told.size > 0) return null;
    if (empty === null && this.#slots.length < this.size + this.#maxParked) {
      empty = newSlot(null);
      this.#slots.push(empty);
    }
    return empty;
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
        waiting.fail(new CommandFailure('unsent', `no connection for ${waited} ms: ${this.#whyWaiting(key)}`));
      }, left);
      this.#waiting.push(waiting);
      this.#serveLater();
    });
  }

  #whyWaiting(key: CommandKey): string {
    if (key.isSlow) return `Iggy has not answered the last command for ${key.name}`;
    return this.#isFull ? `all ${String(this.size)} are busy` : this.#lastFailure;
  }

  /** Gives slots that are free to those who wait, in their order. */
  #serve(): void {
    this.#lookedAt = performance.now();
    for (let index = 0; index < this.#waiting.length;) {
      if (this.#isFull && this.#parked >= this.#maxParked) break;
      const slot = this.#admit(this.#waiting[index]!.key);
      if (slot === null) index++;
      else this.#waiting.splice(index, 1)[0]?.take(slot);
    }
    this.#serveLater();
  }

  /** A slot or an address that rests after a failure frees itself by time. */
  #serveLater(): void {
    if (this.#retry !== null || this.#waiting.length === 0) return;
    const { connect, addresses } = this.#options;
    const readyAt = connect === undefined ? -Infinity : addresses.readyAt;
    let earliest = this.#slots.length < this.size && connect !== undefined ? readyAt : Infinity;
    for (const { job, client, notBefore } of this.#slots) {
      if (job !== null) continue;
      earliest = Math.min(earliest, client === null ? Math.max(notBefore, readyAt) : notBefore);
    }
    // What was ready and was not taken is there for others: a command that ends makes room.
    if (earliest <= this.#lookedAt || earliest === Infinity) return;
    const delay = Math.max(1, earliest - performance.now());
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (!this.#closed) this.#serve();
    }, delay);
  }

  #release(slot: Slot): void {
    const { job } = slot;
    if (job === null) return;
    slot.job = null;
    job.key.running--;
    this.#running--;
    if (job.isParked) this.#parked--;
    if (job.isUnproven) this.#unproven--;
    if (this.#closed) return;
    // Connections beside the regular ones are for slow commands.
    if (this.#options.connect !== undefined && this.#slots.length > this.size + this.#parked) {
      this.#slots.splice(this.#slots.indexOf(slot), 1);
      void this.#destroy(slot.client);
    }
    this.#serve();
  }

  /** Milliseconds for one dial. */
  get #dialMs(): number {
    const { addresses, connectTimeoutMs } = this.#options;
    return Math.min(connectTimeoutMs, Math.max(MIN_DIAL_MS, connectTimeoutMs / addresses.count));
  }

  /** A new client that works. @throws CommandFailure, and what `connect` or the SDK throw. */
  async #dial(target: DialTarget, givesUp?: GivesUp): Promise<IggyClient> {
    const { address } = target;
    let checking: Promise<unknown> | undefined;
    const making = (async () => this.#options.connect?.(address))();
    const work = async (): Promise<IggyClient> => {
      const made = await making;
      if (!isIggyClient(made)) throw new CommandFailure('unsent', "what connect gave is no client of Iggy's Node SDK");
      await (checking = this.#options.check(made));
      return made;
    };
    try {
      return await within(this.#dialMs, 'connecting', work, givesUp);
    } catch (error) {
      if (isLate(error) && checking !== undefined) this.#restUntil(target, checking);
      // One that is made too late is closed as well.
      void making.then(
        (client) => this.#destroy(client ?? null),
        () => undefined,
      );
      throw error;
    }
  }

  /** The SDK goes on with a login that is given up: the address rests until it has ended, for a while at most. */
  #restUntil(target: DialTarget, login: Promise<unknown>): void {
    target.notBefore = performance.now() + Math.min(MAX_LATE_REST_MS, this.#options.connectTimeoutMs);
    const over = (): void => {
      target.notBefore = Math.min(target.notBefore, performance.now() + backoffMs(0));
      if (this.#retry !== null) clearTimeout(this.#retry);
      this.#retry = null;
      if (!this.#closed) this.#serveLater();
    };
    login.then(over, over);
  }

  async #connect(slot: BusySlot): Promise<IggyClient> {
    const { addresses } = this.#options;
    const { job } = slot;
    const began = performance.now();
    const target = addresses.next(began);
    this.#dialling++;
    try {
      const givesUp: GivesUp = (reject) => (job.giveUp = reject);
      const made = await this.#dial(target, givesUp).finally(() => this.#dialling--);
      if (!this.#slots.includes(slot)) {
        void this.#destroy(made);
        throw closed();
      }
      slot.client = made;
      slot.target = target;
      slot.connectedAt = performance.now();
      slot.failures = 0;
      addresses.worked(target);
      return made;
    } catch (error) {
      if (!this.#closed) addresses.failed(target, began, performance.now());
      const failure = commandFailure(error);
      this.#noteFailure(failure, target);
      this.#release(slot);
      // Nothing of what was asked was sent.
      const isAnswer = failure.kind === 'refused' && !isTransient(failure);
      throw isAnswer ? failure : new CommandFailure('unsent', failure.message, undefined, { cause: error });
    }
  }

  async #command<T>(slot: BusySlot, client: IggyClient, command: (client: IggyClient) => Promise<T>): Promise<T> {
    const { commandTimeoutMs, connect } = this.#options;
    const { job } = slot;
    const { key } = job;
    job.sentAt = job.aliveAt = performance.now();
    if (this.#watching === null) this.#lookLater();
    let running: Promise<T> | undefined;
    try {
      const result = await within(
        commandTimeoutMs,
        'a command',
        () => (running = command(client)),
        (reject) => (job.giveUp = reject),
      );
      key.isProven = true;
      key.isSlow = false;
      slot.failures = 0;
      slot.answeredAt = performance.now();
      if (this.#told.size > 0) this.#recovered(slot);
      this.#release(slot);
      return result;
    } catch (error) {
      const failure = commandFailure(error);
      if (failure.kind === 'late') failure.settled = running?.then(nothing, nothing);
      if (failure.kind === 'refused' || failure.kind === 'garbled') {
        key.isSlow = isTransient(failure) && key !== this.#control;
        key.isProven ||= !key.isSlow;
        slot.answeredAt = performance.now();
        if (failure.code === IggyCode.UNAUTHORIZED) this.#lacks(failure);
        this.#release(slot);
        throw failure;
      }
      if (failure.kind === 'late') key.isSlow = key !== this.#control;
      // The SDK closes the connection when its last attempt of a refused command is not answered: the node is fine.
      if (!isTransient(failure)) this.#noteFailure(failure, slot.target);
      if (connect !== undefined) {
        slot.client = null;
        void this.#destroy(client);
        this.#rest(slot);
      } else if (failure.kind === 'late') {
        // Not ours to replace: it is free again when it has an answer, or gives up, which may be never. Its key goes on.
        key.running--;
        job.key = new CommandKey(key.name);
        job.key.running++;
        if (job.isParked) this.#parked--;
        job.isParked = false;
        job.sentAt = job.aliveAt = Infinity;
        const over = (): void => this.#rest(slot);
        running?.then(over, over);
      } else {
        this.#rest(slot);
      }
      throw failure;
    }
  }

  /** Looks at the commands in flight, as long as there are any. */
  #look(): void {
    const now = performance.now();
    for (const slot of this.#slots) {
      const { job } = slot;
      if (job === null) continue;
      if (now - job.sentAt > this.#slowMs) this.#isSlow(job);
      if (now - job.aliveAt > this.#silenceMs && !job.isProbing) void this.#probe(slot, job);
    }
    this.#watching = null;
    if (this.#running > 0) this.#lookLater();
  }

  #lookLater(): void {
    this.#watching = setTimeout(() => this.#look(), this.#slowMs / 2).unref();
  }

  /** A slow command leaves its place among the regular ones to others. */
  #isSlow(job: Job): void {
    if (job.key !== this.#control) job.key.isSlow = true;
    if (job.isParked || this.#parked >= this.#maxParked) return;
    job.isParked = true;
    this.#parked++;
    if (job.isUnproven) this.#unproven--;
    job.isUnproven = false;
    this.#serve();
  }

  /** Tells a node that is dead from one that takes long for a command: that one answers other connections. */
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
    if (slot.target !== null) this.#options.addresses.failed(slot.target, job.sentAt, now);
    const silent = String(Math.round(now - job.aliveAt));
    job.giveUp(new CommandFailure('late', `no answer for ${silent} ms, and none to another connection`));
  }

  async #isAlive(slot: Slot, job: Job): Promise<boolean> {
    // The SDK may be connected to another node than the one that was dialled, and a later connection to yet another.
    const peers = this.#slots.filter(
      (peer) => peer !== slot && peer.target === slot.target && peer.connectedAt < job.sentAt,
    );
    if (peers.some(({ answeredAt }) => answeredAt > job.aliveAt)) return true;
    const idle = peers.find((peer) => peer.job === null && peer.client !== null);
    try {
      if (idle?.client) await this.#ping(this.#begin(idle, this.#control), idle.client);
      else if (slot.target !== null) void this.#destroy(await this.#dial(slot.target));
      return true;
    } catch {
      return false;
    }
  }

  async #ping(slot: BusySlot, client: IggyClient): Promise<void> {
    const { job } = slot;
    job.isProbing = true;
    const pinging = this.#command(slot, client, ({ system }) => system.ping());
    const late = setTimeout(() => {
      job.giveUp(new CommandFailure('late', 'no answer to a ping'));
    }, this.#dialMs);
    try {
      await pinging;
    } finally {
      clearTimeout(late);
    }
  }

  /** A right that is missing is told once: whoever needs it asks for it again and again. */
  #lacks({ message }: CommandFailure): void {
    if (this.#lacking.has(message)) return;
    this.#lacking.add(message);
    this.#options.warn(`Iggy: ${message}`);
  }

  /** A slot rests for longer and longer while it fails. */
  #rest(slot: Slot): void {
    slot.notBefore = performance.now() + backoffMs(slot.failures++);
    this.#release(slot);
  }

  /** A connection has failed: the operator is told once, until all is well again. */
  #noteFailure(failure: CommandFailure, target: DialTarget | null): void {
    this.#lastFailure = failure.message;
    const isRefused = isRefusedEntry(failure);
    const what = isRefused ? 'the server does not let us in' : 'a connection has failed';
    // Who opens the pool is told of a refusal by the rejection.
    const isTold = this.#told.has(what) || this.#closed || (isRefused && this.#opening);
    if (failure.code === IggyCode.UNAUTHORIZED) {
      this.#lacks(failure);
    } else if (!isTold) {
      this.#told.add(what);
      this.#options.warn(`Iggy: ${what}${labelled(' at ', target)}: ${failure.message}`);
    }
  }

  /** A command was answered after failures that the operator was told of. */
  #recovered({ target }: Slot): void {
    this.#told.clear();
    this.#options.warn(`Iggy: commands are answered again${labelled(', by ', target)}`);
  }

  /** A client that does not close either is left to itself. */
  async #destroy(client: IggyClient | null): Promise<void> {
    if (!isIggyClient(client)) return;
    try {
      await within(this.#options.connectTimeoutMs, 'closing', () => client.destroy());
    } catch {
      // Nobody waits for it any more.
    }
  }
}

function newSlot(client: IggyClient | null): Slot {
  return { client, target: null, job: null, connectedAt: 0, answeredAt: 0, notBefore: 0, failures: 0 };
}

function labelled(preposition: string, target: DialTarget | null): string {
  return target === null || target.label === '' ? '' : preposition + target.label;
}

function isLate(error: unknown): boolean {
  return error instanceof CommandFailure && error.kind === 'late';
}

function closed(): CommandFailure {
  return new CommandFailure('unsent', 'the adapter is closed');
}

function nothing(): void {
  // Settled, whichever way.
}

/**
 * What work gives, or a failure of the kind `late` when it takes longer.
 */
async function within<T>(ms: number, what: string, work: () => Promise<T>, givesUp?: GivesUp): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    givesUp?.(reject);
    timer = setTimeout(() => {
      reject(new CommandFailure('late', `no answer within ${String(ms)} ms to ${what}`));
    }, ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
