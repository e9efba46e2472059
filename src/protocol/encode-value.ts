import { explainEncodeError } from './encode-trace.js';
import { type WriteElement, Writer } from './writer.js';

const options = { defaults: true } as const;

/** Encodes one value after the other; null while it does. */
let idle: Writer | null = new Writer(options);

/**
 * Encodes a value into a buffer of its own, with Kafka's default for every field that is left out. Record chunks are
 * copied and released.
 *
 * @param message - What is encoded, such as `MetadataRequest v9`, for errors.
 * @throws EncodeError with the path of the field that does not fit.
 */
export function encodeValue<T>(write: WriteElement<T>, version: number, value: T, message: string): Buffer {
  // A getter in the value may encode something itself.
  const writer = idle ?? new Writer(options);
  const { slab } = writer;
  idle = null;
  try {
    write(writer, value, version);
  } catch (error) {
    // What was written so far goes with its writer.
    idle = new Writer(options);
    throw explainEncodeError(write as WriteElement<unknown>, version, value, error, options).in(message);
  }
  const taken = writer.take();
  const bytes = Array.isArray(taken) ? Buffer.concat(taken) : Buffer.from(taken);
  for (const release of writer.takeReleases() ?? []) release();
  // In its own memory, and not in what a larger value needed.
  writer.startAt(slab, 0);
  idle = writer;
  return bytes;
}
