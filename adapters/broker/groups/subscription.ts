import { consumerProtocolSubscription, Reader } from '../../../src/protocol/core.js';

/** Protocol type of consumer groups. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer';

/**
 * Topics that a member of a consumer group subscribes to; null when its metadata is none of the consumer protocol. Read
 * as version 0, with which every version begins.
 */
export function subscribedTopics(metadata: Buffer): readonly string[] | null {
  try {
    const reader = new Reader(metadata);
    reader.int16();
    return consumerProtocolSubscription.read(reader, 0).topics;
  } catch {
    return null;
  }
}
