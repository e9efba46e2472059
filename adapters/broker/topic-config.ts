/** Configs of a topic that the kit acts on, by Kafka's names and with Kafka's types. */
export interface TopicConfig {
  readonly 'cleanup.policy': readonly ('delete' | 'compact')[];
  /** What batches are rewritten to; `producer` leaves them as they come. */
  readonly 'compression.type': 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** ms. */
  readonly 'delete.retention.ms': number;
  /** Bytes. */
  readonly 'max.message.bytes': number;
  readonly 'message.timestamp.type': 'CreateTime' | 'LogAppendTime';
  /** ms. */
  readonly 'message.timestamp.before.max.ms': number;
  /** ms. */
  readonly 'message.timestamp.after.max.ms': number;
  /** ms. */
  readonly 'max.compaction.lag.ms': number;
  readonly 'min.cleanable.dirty.ratio': number;
  readonly 'min.compaction.lag.ms': number;
  /** Bytes; -1 for no limit. */
  readonly 'retention.bytes': number;
  /** ms; -1 for no limit. */
  readonly 'retention.ms': number;
  readonly 'segment.bytes': number;
}
