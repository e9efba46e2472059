import { encodeStoredOffset, readStoredOffset, storedOffsetKey } from 'iggy-gateway-kafka/adapters/broker';
import { expect, test } from 'vitest';

const partition = { topicId: '0b1f2f5e-8a30-4c1b-9d3a-6d5a3f1c2b4d', partition: 3, groupId: 'a/b' };
const key = storedOffsetKey(partition);

test('a stored offset is read as it was encoded', () => {
  expect(readStoredOffset(key, encodeStoredOffset(17n, 0))).toEqual({ ...partition, offset: 17n });
});

test('a deleted offset, and one of another format, is null', () => {
  expect(readStoredOffset(key, null)).toEqual({ ...partition, offset: null });
  expect(readStoredOffset(key, Buffer.of(99))).toEqual({ ...partition, offset: null });
});

test('an entry with another key holds no offset', () => {
  expect(readStoredOffset('group/a', Buffer.of(1))).toBeNull();
});
