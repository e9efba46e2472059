// A backend of one's own: Metadata and Produce for one topic, kept in an array.
import { createKafkaGateway, defineBackend, ErrorCode } from 'iggy-gateway-kafka';

const TOPIC = 'events';
const PARTITION = { errorCode: ErrorCode.NONE, partitionIndex: 0, leaderId: 0, replicaNodes: [0], isrNodes: [0] };
const log: Buffer[] = [];
let nextOffset = 0n;

function append(topic: string, partition: number, records: Buffer | null): { errorCode: number; baseOffset: bigint } {
  if (topic !== TOPIC || partition !== 0) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, baseOffset: -1n };
  if (records === null) return { errorCode: ErrorCode.CORRUPT_MESSAGE, baseOffset: -1n };
  const baseOffset = nextOffset;
  nextOffset += BigInt(records.readInt32BE(57)); // the header of a batch ends with its record count
  log.push(Buffer.from(records)); // a copy: a view would pin the frame that it came in
  return { errorCode: ErrorCode.NONE, baseOffset };
}

const backend = defineBackend({
  name: 'one array',
  // Metadata 0 would ask for all topics by an empty list, not by null. Versions after 9 and 12 have topic ids.
  versions: { metadata: { min: 1, max: 9 }, produce: { min: 3, max: 12 } },

  metadata: (request, { advertised }) => ({
    errorCode: ErrorCode.NONE,
    brokers: [{ nodeId: 0, ...advertised }],
    clusterId: 'one-array',
    controllerId: 0,
    topics: (request.topics ?? [{ name: TOPIC }]).map(({ name }) =>
      name === TOPIC
        ? { errorCode: ErrorCode.NONE, name, partitions: [PARTITION] }
        : { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name, partitions: [] },
    ),
  }),

  produce: (request) => ({
    responses: request.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }) => ({ index, ...append(name, index, records) })),
    })),
  }),
});

const gateway = createKafkaGateway({ listener: { port: Number(process.env['PORT'] ?? 9093) }, backend });
const { port } = await gateway.listen();
console.log(`produce to topic ${TOPIC} on port ${String(port)}`);

process.once('SIGTERM', () => {
  void gateway.close().then(() => {
    console.log(`${String(nextOffset)} records in ${String(log.length)} batches`);
  });
});
