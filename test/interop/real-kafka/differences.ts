/** Where the memory backend answers otherwise than Apache Kafka 4.4 on purpose. */
export interface Difference {
  /** What it is about, for the page. */
  readonly title: string;
  /** The differences that there must be, as compare.test.ts writes them: `request > field: theirs | ours`. */
  readonly lines: readonly RegExp[];
  /** What Kafka does, and what we do. */
  readonly kafka: string;
  readonly ours: string;
  readonly why: string;
}

export const differences: readonly Difference[] = [
  {
    title: 'APIs that are missing',
    lines: [/^ApiVersions v\d: .*\.apiKeys\[\d+\]: .* \| nothing$/],
    kafka:
      'ApiVersions lists the APIs of transactions, SASL, ACLs, quotas, SCRAM users, delegation tokens, consumer groups of KIP-848, share groups, streams groups, reassignments and the quorum.',
    ours: 'They are not listed, and requests for them are refused. Every API that is listed has the same versions.',
    why: 'The broker kit does not implement them yet, and an API is advertised only if it works.',
  },
  {
    title: 'Features of the cluster',
    lines: [
      /^ApiVersions v\d: .*\.(supportedFeatures\[.*|finalizedFeatures\[.*|finalizedFeaturesEpoch): .* \| (nothing|-1)$/,
    ],
    kafka: 'ApiVersions lists features and their levels, such as `metadata.version` and `transaction.version`.',
    ours: 'It lists none.',
    why: 'Each of them belongs to KRaft or to an API that is missing.',
  },
  {
    title: 'An id for a topic that is only validated',
    lines: [/^CreateTopics v7: .*\.topicId: uuid \| nil$/],
    kafka: 'CreateTopics with `validateOnly` answers a topic id.',
    ours: 'The id is the nil UUID.',
    why: 'No topic will ever have that id.',
  },
  {
    title: 'How the value of a config is written',
    lines: [/ {2}2097152 {2}\| 2097152$/, /: TRUE \| true$/, /: \.5 \| 0\.5$/, /: delete,delete \| delete$/],
    kafka: 'A value is shown as it was written, with blanks, capitals and repeated elements.',
    ours: 'It is shown as Kafka reads it: `TRUE` becomes `true`, `.5` becomes `0.5`, `delete,delete` becomes `delete`.',
    why: 'Stores and tools get one spelling for each value.',
  },
  {
    title: 'A topic that is made because it was asked for',
    lines: [/^Metadata v\d+: a topic to be made .*: UNKNOWN_TOPIC_OR_PARTITION \| NONE$/],
    kafka: 'The first answer of Metadata is an error, and the client asks again.',
    ours: 'The topic is there at once, and in the first answer.',
    why: 'It is made by the broker that is asked, without a controller to wait for.',
  },
  {
    title: 'Names that crash a request',
    lines: [
      /^Metadata v12: neither a name nor an id /,
      /^DescribeTopicPartitions v0: no name .*: UNKNOWN_SERVER_ERROR \| INVALID_TOPIC_EXCEPTION$/,
    ],
    kafka:
      'Metadata for neither a name nor an id, and DescribeTopicPartitions for an empty name, fail as a whole with UNKNOWN_SERVER_ERROR.',
    ours: 'That topic is answered with INVALID_TOPIC_EXCEPTION, the others as ever.',
    why: 'In Kafka these are exceptions that nobody expects.',
  },
  {
    title: 'A partition that is named twice in one request',
    lines: [/^DeleteRecords v2: a partition twice /, /^Fetch v\d+: a partition twice /],
    kafka: 'Fetch and DeleteRecords answer it once, for the last time that it is named.',
    ours: 'Each is answered for itself. ListOffsets refuses it in both.',
    why: 'No client does it, and looking for it would cost every request.',
  },
  {
    title: 'Operations of IncrementalAlterConfigs that there are not',
    lines: [/^IncrementalAlterConfigs v1: topic: operation 9 .*: UNKNOWN_SERVER_ERROR \| INVALID_REQUEST$/],
    kafka: 'UNKNOWN_SERVER_ERROR for topics, INVALID_REQUEST for brokers.',
    ours: 'INVALID_REQUEST for both.',
    why: 'The request is at fault, not the broker.',
  },
  {
    title: 'Unknown configs of brokers',
    lines: [/^IncrementalAlterConfigs v\d: (all )?brokers?: a config that there is not .*: NONE \| INVALID_REQUEST$/],
    kafka: 'They are kept, for plugins.',
    ours: 'They are refused with INVALID_REQUEST.',
    why: 'There are no plugins, and a name that is mistyped should be told.',
  },
  {
    title: 'Where the log starts, beside a refused batch',
    lines: [/^Produce v\d+: .*\.logStartOffset: 0 \| -1$/],
    kafka: 'Most refusals in Produce carry the first offset of the log.',
    ours: 'They carry -1.',
    why: 'A store may have to be asked for it, and clients use it only with UNKNOWN_PRODUCER_ID, which neither sends.',
  },
  {
    title: 'Records that are null',
    lines: [/^Produce v9: null >: no answer \| .*INVALID_RECORD/],
    kafka: 'Produce is never answered.',
    ours: 'INVALID_RECORD.',
    why: 'A client that waits for ever is worse off than one with an error.',
  },
  {
    title: 'Offsets within a batch',
    lines: [/^Produce v\d+: offsets (with a gap|that repeat|that go down) .*: NONE \| INVALID_RECORD$/],
    kafka: 'Offsets of records must be consecutive where the batch is compressed; where not, they are not looked at.',
    ours: 'They must be consecutive in both.',
    why: 'Whoever reads the batch would find an offset twice, or one that the next batch has as well.',
  },
  {
    title: 'Timestamps that no date has',
    lines: [/^Produce v\d+: a highest timestamp beyond 2\^53 .*: NONE \| INVALID_TIMESTAMP$/],
    kafka: 'A highest timestamp of 2^53 or more in the head of a batch is put right, as lower ones are.',
    ours: 'INVALID_TIMESTAMP.',
    why: 'Numbers that large lose their last digits here.',
  },
  {
    title: 'Limits of Fetch that are no limits',
    lines: [/^Fetch v12: at most -1 bytes >/],
    kafka: 'With a negative `maxBytes` the first partition fails, and the second is read.',
    ours: 'It is as 0: one batch comes. A negative limit of a partition is refused in both.',
    why: 'A limit of the whole request says nothing of one of its partitions.',
  },
  {
    title: 'The last batch of an answer',
    lines: [/^Fetch v12: at most 300 bytes >/],
    kafka: 'Fetch fills its limits with a part of a batch, which clients throw away.',
    ours: 'It ends after the last batch that fits.',
    why: 'What is thrown away need not be sent; the room may serve the next partition.',
  },
  {
    title: 'Logs that diverge',
    lines: [/^Fetch v12: last fetched epoch /],
    kafka: 'Fetch looks at `lastFetchedEpoch` and answers `divergingEpoch` where logs differ.',
    ours: 'The field is not looked at. OffsetForLeaderEpoch, which consumers use instead, works.',
    why: 'Only followers set it, and there are none.',
  },
  {
    title: 'A topic that goes while a fetch session has it',
    lines: [/^Fetch v18: a topic that is gone .*: UNKNOWN_TOPIC_OR_PARTITION \| UNKNOWN_TOPIC_ID$/],
    kafka: 'UNKNOWN_TOPIC_OR_PARTITION.',
    ours: 'UNKNOWN_TOPIC_ID.',
    why: 'The session knows it by its id alone. Clients ask for Metadata upon both.',
  },
  {
    title: 'The largest timestamp of a log whose beginning was deleted',
    lines: [/^ListOffsets v10: -3, the first ones deleted /],
    kafka: 'ListOffsets for -3 may name a record that DeleteRecords has taken away.',
    ours: 'It names one that can be read.',
    why: 'What was deleted is gone.',
  },
  {
    title: 'Negative leader epochs',
    lines: [/^OffsetForLeaderEpoch v\d: epoch -2 /],
    kafka: 'OffsetForLeaderEpoch for an epoch below -1 answers where the log begins.',
    ours: 'It is unknown, as -1 is in both.',
    why: 'There are no such epochs.',
  },
  {
    title: 'Transactions',
    lines: [/^FindCoordinator v6: of a transaction .*: NONE \| TRANSACTIONAL_ID_AUTHORIZATION_FAILED$/],
    kafka: 'Transactional ids have a coordinator.',
    ours: 'They are refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, by InitProducerId and Produce as well.',
    why: 'There are no transactions yet; upon this code no client tries for ever.',
  },
  {
    title: 'Share groups',
    lines: [/^FindCoordinator v6: of a share .*: NONE \| INVALID_REQUEST$/],
    kafka: 'Share groups have a coordinator for their state.',
    ours: 'That type of coordinator is refused with INVALID_REQUEST.',
    why: 'There are no share groups; their APIs are not advertised.',
  },
];
