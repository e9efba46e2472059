import { type IggyClient, isIggyClient } from './client.js';
import { CommandFailure, commandFailure, IggyCode, isRefusedEntry } from './failures.js';

/** How a pool uses its clients. */
export interface PoolOptions {
  /** Makes a client; undefined where `clients` are given, which connect again by themselves. */
  readonly connect: (() => Promise<IggyClient> | IggyClient) | undefined;
  readonly clients: readonly IggyClient[];
  /** How many clients there are at most. */
  readonly connections: number;
  /** Milliseconds after which a command that has no answer is given up. */
  readonly commandTimeoutMs: number;
  /** Milliseconds for which a command waits for a connection. */
  readonly connectTimeoutMs: number;
  /** Asks the server for something, so that it is known that a new client works. */
  readonly check: (client: IggyClient) => Promise<unknown>;
  /** Hears what an operator should know. */
  readonly warn: (message: string) => void;
}

/** A place for one client, which has one command in flight. */
interface Slot {
  client: IggyClient | null;
  busy: boolean;
  /** When it may be used again, by the monotonic clock, after it failed. */
  notBefore: number;
  failures: number;
}

interface Waiting {
  readonly take: (slot: Slot) => void;
  readonly fail: (error: CommandFailure) => void;
}

const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 2000;
/** How often what changes nothing is asked while connections break. */
const MOST_ATTEMPTS = 3;

/**
 * Several clients, each with one command in flight, so that a long answer holds up nobody else. A client that failed or
 * hung is replaced, or left alone for a while where it is not ours to replace.
 */
export class ClientPool {
  readonly #options: PoolOptions;
  readonly #slots: Slot[] = [];
  readonly #waiting: Waiting[] = [];
  #retry: NodeJS.Timeout | null = null;
  #closed = false;
  #opening = false;
  #lastFailure = 'there is no connection';
  /** What the operator has been told since all was well: that connections fail, that we are not let in. */
  readonly #told = new Set<string>();
  readonly #lacking = new Set<string>();

  constructor(options: PoolOptions) {
    this.#options = options;
    for (const client of options.clients) this.#slots.push({ client, busy: false, notBefore: 0, failures: 0 });
  }

  /** How many commands can be in flight. */
  get size(): number {
    return this.#options.connect === undefined ? this.#slots.length : this.#options.connections;
  }

  /** Whether a command would have to wait for others. */
  get isBusy(): boolean {
    return this.#waiting.length > 0 || this.#allBusy;
  }

  get #allBusy(): boolean {
    return this.#slots.length >= this.size && this.#slots.every(({ busy }) => busy);
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

  /** Runs a command on the next free client. @throws CommandFailure */
  async run<T>(command: (client: IggyClient) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#options.connectTimeoutMs;
    for (;;) {
      const slot = this.#free() ?? (await this.#wait(deadline));
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
  async query<T>(command: (client: IggyClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.run(command);
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
    await Promise.all(this.#slots.splice(0).map(({ client }) => this.#destroy(client)));
  }

  #free(): Slot | null {
    if (this.#closed) throw closed();
    const now = performance.now();
    let connected: Slot | null = null;
    let empty: Slot | null = null;
    for (const slot of this.#slots) {
      if (slot.busy || slot.notBefore > now) continue;
      if (slot.client === null) empty ??= slot;
      else if (connected === null || slot.failures < connected.failures) connected = slot;
    }
    let slot = connected ?? empty;
    if (slot === null && this.#options.connect !== undefined && this.#slots.length < this.#options.connections) {
      slot = { client: null, busy: false, notBefore: 0, failures: 0 };
      this.#slots.push(slot);
    }
    if (slot !== null) slot.busy = true;
    return slot;
  }

  #wait(deadline: number): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const left = Math.max(1, deadline - performance.now());
      const waiting: Waiting = {
        take(slot) {
          clearTimeout(timer);
          resolve(slot);
        },
        fail(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        const waited = String(this.#options.connectTimeoutMs);
        const why = this.#allBusy ? `all ${String(this.size)} are busy` : this.#lastFailure;
        reject(new CommandFailure('unsent', `no connection for ${waited} ms: ${why}`));
      }, left);
      this.#waiting.push(waiting);
      this.#serveLater();
    });
  }

  /** Gives slots that are free to those who wait. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#free();
      if (slot === null) {
        this.#serveLater();
        return;
      }
      this.#waiting.shift()?.take(slot);
    }
  }

  /** A slot that rests after a failure frees itself by time. */
  #serveLater(): void {
    if (this.#retry !== null || this.#waiting.length === 0) return;
    const resting = this.#slots.filter(({ busy }) => !busy).map(({ notBefore }) => notBefore);
    if (resting.length === 0) return;
    const delay = Math.max(1, Math.min(...resting) - performance.now());
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#serve();
    }, delay);
  }

  #release(slot: Slot): void {
    slot.busy = false;
    if (!this.#closed) this.#serve();
  }

  async #connect(slot: Slot): Promise<IggyClient> {
    const { connect, connectTimeoutMs, check } = this.#options;
    const making = (async () => connect?.())();
    try {
      const made = await within(connectTimeoutMs, 'connecting', () => making);
      if (!isIggyClient(made)) throw new CommandFailure('unsent', "what connect gave is no client of Iggy's Node SDK");
      await within(connectTimeoutMs, 'connecting', () => check(made));
      if (!this.#slots.includes(slot)) throw closed();
      slot.client = made;
      slot.failures = 0;
      return made;
    } catch (error) {
      // One that is made too late is closed as well.
      void making.then(
        (client) => this.#destroy(client ?? null),
        () => undefined,
      );
      this.#failed(slot, error);
      const failure = commandFailure(error);
      // Nothing of what was asked was sent.
      throw failure.kind === 'refused'
        ? failure
        : new CommandFailure('unsent', failure.message, undefined, { cause: error });
    }
  }

  async #command<T>(slot: Slot, client: IggyClient, command: (client: IggyClient) => Promise<T>): Promise<T> {
    const { commandTimeoutMs, connect } = this.#options;
    let running: Promise<T> | undefined;
    try {
      const result = await within(commandTimeoutMs, 'a command', () => (running = command(client)));
      slot.failures = 0;
      this.#told.clear();
      this.#release(slot);
      return result;
    } catch (error) {
      const failure = commandFailure(error);
      if (failure.kind === 'late') failure.settled = running?.then(nothing, nothing);
      if (failure.kind === 'refused' || failure.kind === 'garbled') {
        if (failure.code === IggyCode.UNAUTHORIZED) this.#lacks(failure);
        this.#release(slot);
      } else if (connect !== undefined) {
        slot.client = null;
        void this.#destroy(client);
        this.#failed(slot, failure);
      } else if (failure.kind === 'late') {
        // Not ours to replace: it is free again when it has an answer, or gives up, which may be never.
        this.#noteFailure(failure);
        const over = (): void => this.#rest(slot);
        running?.then(over, over);
      } else {
        this.#failed(slot, failure);
      }
      throw failure;
    }
  }

  /** A right that is missing is told once: whoever needs it asks for it again and again. */
  #lacks({ message }: CommandFailure): void {
    if (this.#lacking.has(message)) return;
    this.#lacking.add(message);
    this.#options.warn(`Iggy: ${message}`);
  }

  #failed(slot: Slot, error: unknown): void {
    this.#noteFailure(commandFailure(error));
    this.#rest(slot);
  }

  /** A slot rests for longer and longer while it fails. */
  #rest(slot: Slot): void {
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** slot.failures);
    slot.failures++;
    slot.notBefore = performance.now() + backoff * (0.5 + Math.random() / 2);
    this.#release(slot);
  }

  /** A connection has failed: the operator is told once, until all is well again. */
  #noteFailure(failure: CommandFailure): void {
    this.#lastFailure = failure.message;
    const isRefused = isRefusedEntry(failure);
    const what = isRefused ? 'the server does not let us in' : 'a connection has failed';
    // Who opens the pool is told of a refusal by the rejection.
    const isTold = this.#told.has(what) || this.#closed || (isRefused && this.#opening);
    if (failure.code === IggyCode.UNAUTHORIZED) {
      this.#lacks(failure);
    } else if (!isTold) {
      this.#told.add(what);
      this.#options.warn(`Iggy: ${what}: ${failure.message}`);
    }
  }

  /** A client that does not close either is left to itself. */
  async #destroy(client: IggyClient | null): Promise<void> {
    if (client === null) return;
    try {
      await within(this.#options.connectTimeoutMs, 'closing', () => client.destroy());
    } catch {
      // Nobody waits for it any more.
    }
  }
}

function closed(): CommandFailure {
  return new CommandFailure('unsent', 'the adapter is closed');
}

function nothing(): void {
  // Settled, whichever way.
}

/** What work gives, or a failure of the kind `late` when it takes longer. */
async function within<T>(ms: number, what: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
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
