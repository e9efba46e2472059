// Offsets of the fields of a batch of magic 2, from its first byte.
export const BASE_OFFSET = 0;
export const BATCH_LENGTH = 8;
export const LEADER_EPOCH = 12;
export const MAGIC = 16;
export const CRC = 17;
export const ATTRIBUTES = 21;
export const LAST_OFFSET_DELTA = 23;
export const BASE_TIMESTAMP = 27;
export const MAX_TIMESTAMP = 35;
export const PRODUCER_ID = 43;
export const PRODUCER_EPOCH = 51;
export const BASE_SEQUENCE = 53;
export const RECORD_COUNT = 57;

/** Size of a batch header in bytes. The records follow it. */
export const BATCH_HEADER_BYTES = 61;

/** Size of base offset and batch length, which the batch length does not include. */
export const LOG_OVERHEAD = 12;

/** The only magic that Kafka 4 supports. */
export const CURRENT_MAGIC = 2;

/** Value of a missing producer id, sequence number, timestamp or leader epoch. */
export const NONE = -1;

// Bits of the attributes.
export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME_FLAG = 0x08;
export const TRANSACTIONAL_FLAG = 0x10;
export const CONTROL_FLAG = 0x20;
export const DELETE_HORIZON_FLAG = 0x40;
