import { explainEncodeError } from './encode-trace.js';
import { type WriteElement, Writer } from './writer.js';

const options = { defaults: true } as const;

/** The shared writer; null while it is in use. */
let idle: Writer | null = new Writer(options);

/**
 * Encodes a value into a new buffer. Missing fields get Kafka's default. Record chunks are copied and released.
 *
 * @param message - Name of the message for errors, such as `MetadataRequest v9`.
 * @throws EncodeError with the path of the invalid field.
 */
export function encodeValue<T>(write: WriteElement<T>, version: number, value: T, message: string): Buffer {
  // The shared writer may be in use: a getter in the value may itself encode something.
  const writer = idle ?? new Writer(options);
  const { slab } = writer;
  idle = null;
  try {
    write(writer, value, version);
  } catch (error) {
    // The failed writer holds partial output, so it is replaced.
    idle = new Writer(options);
    throw explainEncodeError(write as WriteElement<unknown>, version, value, error, options).in(message);
  }
  const taken = writer.take();
  const bytes = Array.isArray(taken) ? Buffer.concat(taken) : Buffer.from(taken);
  for (const release of writer.takeReleases() ?? []) release();
  // Returns to the original slab, so that the larger memory of a large value is freed.
  writer.startAt(slab, 0);
  idle = writer;
  return bytes;
}
