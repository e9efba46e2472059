import type { DataCodec } from './codec.js';
import { encodeValue } from './encode-value.js';
import { DecodeError, EncodeError } from './errors.js';
import { Reader } from './reader.js';

// What members of a consumer group tell each other, as it stands in JoinGroup and SyncGroup: an int16 version in front.

/**
 * Encodes a subscription or an assignment with its version in front.
 *
 * @param codec - `consumerProtocolSubscription` or `consumerProtocolAssignment`.
 * @throws EncodeError for a version that is not known, or a value that does not fit.
 */
export function encodeConsumerProtocol<Init>(codec: DataCodec<unknown, Init>, version: number, value: Init): Buffer {
  const { name, versions } = codec;
  if (!(version >= versions.min && version <= versions.max)) {
    const range = `${String(versions.min)} to ${String(versions.max)}`;
    throw new EncodeError('UNKNOWN_VERSION', `${name} has versions ${range}, not ${String(version)}`);
  }
  return encodeValue<Init>(
    (writer, init) => {
      writer.int16(version);
      codec.write(writer, init, version);
    },
    version,
    value,
    `${name} v${String(version)}`,
  );
}

/**
 * Decodes a subscription or an assignment with its version in front. A version that is newer than those known is read as
 * the latest of them, and what follows is skipped, as Kafka's consumer does.
 *
 * @param codec - `consumerProtocolSubscription` or `consumerProtocolAssignment`.
 * @throws DecodeError for bytes that are no such message.
 */
export function decodeConsumerProtocol<Value>(
  codec: DataCodec<Value>,
  bytes: Buffer,
): { readonly version: number; readonly value: Value } {
  const { name, versions } = codec;
  try {
    const reader = new Reader(bytes);
    const version = reader.int16();
    if (version < versions.min) throw new DecodeError('UNKNOWN_VERSION', 0, `version ${String(version)}`);
    return { version, value: codec.read(reader, Math.min(version, versions.max)) };
  } catch (error) {
    throw error instanceof DecodeError ? error.in(name) : error;
  }
}
