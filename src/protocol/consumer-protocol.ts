import type { DataCodec } from './codec.js';
import { encodeValue } from './encode-value.js';
import { DecodeError, EncodeError } from './errors.js';
import { Reader } from './reader.js';

// Messages between the members of a consumer group, as JoinGroup and SyncGroup carry them. An int16 version precedes
// each.

/**
 * Encodes a subscription or an assignment, preceded by its version.
 *
 * @param codec - `consumerProtocolSubscription` or `consumerProtocolAssignment`.
 * @throws EncodeError if the version is unknown or the value does not fit.
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
 * Decodes a subscription or an assignment, preceded by its version. A version newer than the latest known one is read
 * as the latest, and the remaining bytes are skipped, as in Kafka's consumer.
 *
 * @param codec - `consumerProtocolSubscription` or `consumerProtocolAssignment`.
 * @throws DecodeError if the bytes are not a valid message.
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
