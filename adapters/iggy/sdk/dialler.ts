import { type Addresses, backoffMs, type DialTarget, type IggyAddress } from './addresses.js';
import { type IggyClient, isIggyClient } from './client.js';
import { IggyCommandError } from './failures.js';
import { type GivesUp, within } from './within.js';

/** How a pool gets its clients. */
export interface DiallerOptions {
  /** Makes a client; undefined where the user's clients are used, which connect again by themselves. */
  readonly connect: ((address: IggyAddress) => Promise<IggyClient> | IggyClient) | undefined;
  /** Where `connect` is to connect. */
  readonly addresses: Addresses;
  /** Milliseconds for which a command waits for a connection. */
  readonly connectTimeoutMs: number;
  /** Asks the server for something, so that it is known that a new client works. */
  readonly check: (client: IggyClient) => Promise<unknown>;
}

/** With several addresses, each dial has its share of the time for connecting, but so many ms at least. */
const MIN_DIAL_MS = 2500;
/** How long an address rests at most whose login is still under way. */
const MAX_LATE_REST_MS = 5000;

/** Makes clients at the addresses of a cluster, and closes them. */
export class Dialler {
  readonly #options: DiallerOptions;
  /** Called when an address may be dialled earlier than was known. */
  readonly #readyEarlier: () => void;
  #dialling = 0;

  constructor(options: DiallerOptions, readyEarlier: () => void) {
    this.#options = options;
    this.#readyEarlier = readyEarlier;
  }

  /** Whether clients are made here; false where they are the user's. */
  get canDial(): boolean {
    return this.#options.connect !== undefined;
  }

  get isDialling(): boolean {
    return this.#dialling > 0;
  }

  get addresses(): Addresses {
    return this.#options.addresses;
  }

  /** Earliest time at which an address may be dialled, by the monotonic clock; always in the past without `connect`. */
  get readyAt(): number {
    return this.canDial ? this.#options.addresses.readyAt : -Infinity;
  }

  /** Milliseconds for one dial. */
  get dialMs(): number {
    const { addresses, connectTimeoutMs } = this.#options;
    return Math.min(connectTimeoutMs, Math.max(MIN_DIAL_MS, connectTimeoutMs / addresses.count));
  }

  /** A new client that works. @throws IggyCommandError, and what `connect` or the SDK throw. */
  async dial(target: DialTarget, givesUp: GivesUp): Promise<IggyClient> {
    this.#dialling++;
    try {
      return await this.#dial(target, givesUp);
    } finally {
      this.#dialling--;
    }
  }

  /** Whether an address can be connected to, beside the dials of the pool. */
  async probe(target: DialTarget): Promise<void> {
    void this.destroy(await this.#dial(target));
  }

  /** Closes a client. One that does not close in time is left to itself. */
  async destroy(client: IggyClient | null): Promise<void> {
    if (!isIggyClient(client)) return;
    try {
      await within(this.#options.connectTimeoutMs, 'closing', () => client.destroy());
    } catch {
      // Its failure changes nothing: the client is dropped.
    }
  }

  async #dial(target: DialTarget, givesUp?: GivesUp): Promise<IggyClient> {
    const { connect, check } = this.#options;
    let checking: Promise<unknown> | undefined;
    const making = (async () => connect?.(target.address))();
    const work = async (): Promise<IggyClient> => {
      const made = await making;
      if (!isIggyClient(made))
        throw new IggyCommandError('UNSENT', "what connect gave is no client of Iggy's Node SDK");
      await (checking = check(made));
      return made;
    };
    try {
      return await within(this.dialMs, 'connecting', work, givesUp);
    } catch (error) {
      if (isLate(error) && checking !== undefined) this.#restUntil(target, checking);
      // One that is made too late is closed as well.
      void making.then(
        (client) => this.destroy(client ?? null),
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
      this.#readyEarlier();
    };
    login.then(over, over);
  }
}

function isLate(error: unknown): boolean {
  return error instanceof IggyCommandError && error.code === 'LATE';
}
