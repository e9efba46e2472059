/** Address of an Iggy node. */
export interface IggyAddress {
  readonly host: string;
  readonly port: number;
}

/** An address to dial. */
export interface DialTarget {
  readonly address: IggyAddress;
  /** `host:port` for messages; empty where the embedder's own function decides where to connect. */
  readonly label: string;
  /** Earliest time of the next dial, by the monotonic clock. */
  notBefore: number;
  failures: number;
}

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2000;

/** Milliseconds of rest after so many failures in a row: 50 to 2000, of which up to half is random. */
export function backoffMs(failures: number): number {
  const longest = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
  return longest * (0.5 + Math.random() / 2);
}

/**
 * The addresses of a cluster, each with its own back-off. The one that worked last is dialled first; when it fails, the next
 * one that does not rest is dialled at once.
 */
export class Addresses {
  readonly #targets: readonly DialTarget[];
  #preferred = 0;

  /** @param isNamed - Whether messages name the addresses. */
  constructor(addresses: readonly IggyAddress[], isNamed: boolean) {
    this.#targets = addresses.map((address) => {
      const { host, port } = address;
      const label = isNamed ? `${host.includes(':') ? `[${host}]` : host}:${String(port)}` : '';
      return { address, label, notBefore: 0, failures: 0 };
    });
  }

  /** Number of addresses. */
  get count(): number {
    return this.#targets.length;
  }

  /** Earliest time at which one of them may be dialled, by the monotonic clock. */
  get readyAt(): number {
    let earliest = Infinity;
    for (const { notBefore } of this.#targets) earliest = Math.min(earliest, notBefore);
    return earliest;
  }

  /** The address to dial now: the preferred one, or the next one that does not rest. */
  next(now: number): DialTarget {
    const { length } = this.#targets;
    let chosen = this.#targets[this.#preferred]!;
    for (let step = 0; step < length; step++) {
      const target = this.#targets[(this.#preferred + step) % length]!;
      if (target.notBefore <= now) return target;
      if (target.notBefore < chosen.notBefore) chosen = target;
    }
    return chosen;
  }

  /** A dial worked: this address is preferred from now on. */
  worked(target: DialTarget): void {
    target.failures = 0;
    target.notBefore = 0;
    this.#preferred = this.#targets.indexOf(target);
  }

  /**
   * A dial failed, or the node gives no answer: the address rests, and the one after it is preferred.
   *
   * @param since - When the failed attempt began. Attempts that began together count once.
   */
  failed(target: DialTarget, since: number, now: number): void {
    if (target.notBefore > since) return;
    target.notBefore = now + backoffMs(target.failures++);
    const index = this.#targets.indexOf(target);
    if (index === this.#preferred) this.#preferred = (index + 1) % this.#targets.length;
  }
}
