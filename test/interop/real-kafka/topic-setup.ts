import { createTopicsApi, listOffsetsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { newTopic, type NewTopic } from '../../support/admin-requests.js';
import type { Side } from './side.js';

/** Creates a topic and waits until its partitions can be used; gives its id. */
export async function setUpTopic(side: Side, name: string, topic: NewTopic = {}): Promise<string> {
  const { topics } = await side.send(createTopicsApi, 7, { topics: [newTopic(name, topic)] });
  if (topics[0]?.errorCode !== 0) throw new Error(`${name} was not created: ${String(topics[0]?.errorMessage)}`);
  await ready(side, name, topic.numPartitions ?? 1);
  return topics[0].topicId;
}

/** Waits until a topic has so many partitions whose leader has taken office. */
export async function ready(side: Side, name: string, count: number): Promise<void> {
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }));
  await side.until(async () => {
    const known = await side.send(metadataApi, 12, { topics: [{ name }], allowAutoTopicCreation: false });
    if (known.topics[0]?.partitions.length !== count) return false;
    const { topics } = await side.send(listOffsetsApi, 7, { replicaId: -1, topics: [{ name, partitions }] });
    return topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) === true;
  });
}

/** Waits until nobody knows a topic any more. */
export function gone(side: Side, name: string): Promise<void> {
  return side.until(async () => {
    const { topics } = await side.send(metadataApi, 12, { topics: [{ name }], allowAutoTopicCreation: false });
    return topics[0]?.errorCode === 3;
  });
}
