import type { RecordInit } from 'iggy-gateway-kafka/protocol';

/** Sizes of values, and of every so manieth key and header, in bytes; the first share that is not used up decides. */
const SIZES = [
  { share: 0.9, most: 200 },
  { share: 0.99, most: 4096 },
  { share: 0.9995, most: 65_536 },
  { share: 1, most: 1_048_576 },
] as const;

const MAX_BYTES = 1_048_576;

/** Where the bytes of records are taken from. */
const NOISE_BYTES = 4 * 1024 * 1024;

const NAMES = [
  '',
  'trace',
  'trace-id',
  'é',
  'kafka.v',
  'kafka.h.a',
  '漢字'.repeat(20),
  'x'.repeat(247),
  'y'.repeat(300),
];

/** A day, in ms. */
const DAY = 86_400_000;

/** Records of any shape that a client of Kafka can send, the same for the same numbers. */
export class RandomRecords {
  readonly #random: () => number;
  readonly #now: number;
  readonly #noise: Buffer;

  /** @param now - About when most of the records come to be, in ms since 1970. */
  constructor(random: () => number, now: number) {
    this.#random = random;
    this.#now = now;
    this.#noise = Buffer.alloc(NOISE_BYTES);
    for (let at = 0; at < NOISE_BYTES; at += 4) this.#noise.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
  }

  next(): RecordInit & { readonly key: Buffer | null; readonly value: Buffer | null } {
    return {
      timestamp: this.#timestamp(),
      key: this.#oneIn(3) ? null : this.#bytes(this.#oneIn(50) ? 5000 : 40),
      value: this.#oneIn(20) ? null : this.#bytes(this.#size()),
      headers: Array.from({ length: this.#oneIn(2) ? 0 : this.below(5) }, () => ({
        key: NAMES[this.below(NAMES.length)]!,
        value: this.#oneIn(8) ? null : this.#bytes(this.#oneIn(30) ? 600 : 20),
      })),
    };
  }

  /** A whole number from 0 on. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  #size(): number {
    if (this.#oneIn(20_000)) return MAX_BYTES;
    const which = this.#random();
    return SIZES.find(({ share }) => which < share)!.most;
  }

  /** Up to so many bytes; every twentieth has none. */
  #bytes(most: number): Buffer {
    const length = most === MAX_BYTES && this.#oneIn(4) ? most : this.#oneIn(20) ? 0 : this.below(most + 1);
    const start = this.below(NOISE_BYTES - length);
    return this.#noise.subarray(start, start + length);
  }

  #timestamp(): number {
    const which = this.below(40);
    if (which === 0) return -1;
    if (which === 1) return 0;
    if (which === 2) return this.below(this.#now);
    return this.#now - this.below(which === 3 ? DAY : 1000);
  }
}
