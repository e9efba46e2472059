import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  DecodeError,
  decodeConsumerProtocol,
  EncodeError,
  encodeConsumerProtocol,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';

const subscription = {
  topics: ['a', 'b'],
  userData: null,
  ownedPartitions: [{ topic: 'a', partitions: [0, 1] }],
  generationId: 5,
  rackId: 'r',
};

describe('a message of the consumer protocol', () => {
  it.each([0, 1, 2, 3])('has its version in front: %i', (version) => {
    const bytes = encodeConsumerProtocol(consumerProtocolSubscription, version, subscription);
    expect(bytes.readInt16BE()).toBe(version);
    const { version: read, value } = decodeConsumerProtocol(consumerProtocolSubscription, bytes);
    expect(read).toBe(version);
    expect(value).toEqual({
      ...subscription,
      ownedPartitions: version >= 1 ? subscription.ownedPartitions : [],
      generationId: version >= 2 ? 5 : -1,
      rackId: version >= 3 ? 'r' : null,
    });
  });

  it('of a later version is read as the latest that is known', () => {
    const bytes = encodeConsumerProtocol(consumerProtocolSubscription, 3, subscription);
    bytes.writeInt16BE(9);
    const later = Buffer.concat([bytes, Buffer.from('more')]);
    expect(decodeConsumerProtocol(consumerProtocolSubscription, later)).toEqual({ version: 9, value: subscription });
  });

  it('is no message that could be refused where it is no bytes: the mistake is told as it is', () => {
    expect(() => decodeConsumerProtocol(consumerProtocolAssignment, undefined as never)).toThrow(TypeError);
  });

  it('is refused in a version that there is not, or cut short', () => {
    expect(() => decodeConsumerProtocol(consumerProtocolAssignment, Buffer.from('ffff', 'hex'))).toThrow(DecodeError);
    const cut = Buffer.from('000000000001', 'hex');
    expect(() => decodeConsumerProtocol(consumerProtocolAssignment, cut)).toThrow(
      'ConsumerProtocolAssignment: an array of 1 in 0 bytes (at byte 6)',
    );
    for (const version of [-1, 4, NaN]) {
      expect(() => encodeConsumerProtocol(consumerProtocolAssignment, version, { assignedPartitions: [] })).toThrow(
        `ConsumerProtocolAssignment has versions 0 to 3, not ${version}`,
      );
    }
    expect(() =>
      encodeConsumerProtocol(consumerProtocolAssignment, 0, {
        assignedPartitions: [{ topic: 'a', partitions: [0.5] }],
      }),
    ).toThrow(EncodeError);
  });
});
