import { setTimeout as sleep } from 'node:timers/promises';
import { createKafkaGateway, ErrorCode, type KafkaGateway } from 'iggy-gateway-kafka';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { buildBatch, createTopicsApi, offsetFetchApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../support/wire-client.js';
import { Invariants } from './invariants.js';
import { SoakMember, type SoakWorld } from './member.js';

export interface SoakOptions {
  /** How long members join, die and leave. */
  readonly durationMs: number;
  /** Default: 10. */
  readonly groups?: number;
  /** Members of each group. Default: 5. */
  readonly members?: number;
  /** Default: 12. */
  readonly partitions?: number;
  /** Begins the random numbers. Default: 1. */
  readonly seed?: number;
  /** How often the broker is closed and a new one goes on over the same store. Default: once, in the middle. */
  readonly restarts?: number;
}

const TOPIC = 't';
const SESSION_TIMEOUT_MS = 600;
/** How long the groups may take to read to the end once nobody dies any more. */
const CALM_MS = 30_000;

/** Members of many groups join, die and leave at random, while records are produced: nothing of it may show in the logs. */
export async function soak(options: SoakOptions): Promise<Invariants> {
  const { durationMs, groups = 10, members = 5, partitions = 12, seed = 1, restarts = 1 } = options;
  const invariants = new Invariants();
  const store = createMemoryStore();
  const config = {
    'group.min.session.timeout.ms': 100,
    'group.initial.rebalance.delay.ms': 20,
  };
  let port = 0;
  const listen = async (): Promise<KafkaGateway> => {
    const gateway = createKafkaGateway({
      listener: { host: '127.0.0.1', port },
      backend: createBrokerBackend({ store, config }),
    });
    gateway.on('requestError', ({ api, error }) => {
      invariants.violated(`${api} failed: ${String(error)}`);
    });
    ({ port } = await gateway.listen());
    return gateway;
  };

  let gateway = await listen();
  const admin = await WireClient.connect(port);
  const topics = [{ name: TOPIC, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }];
  await admin.send(createTopicsApi, 5, { topics, timeoutMs: 10_000 });
  await admin.close();

  let phase: 'storm' | 'calm' | 'over' = 'storm';
  const world: SoakWorld = {
    topic: TOPIC,
    partitions,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    invariants,
    random: randomFrom(seed),
    port: () => port,
    isCalm: () => phase !== 'storm',
    isOver: () => phase === 'over',
  };
  const groupIds = Array.from({ length: groups }, (_, index) => `group-${String(index)}`);
  const lives = groupIds.flatMap((group) =>
    Array.from({ length: members }, (_, index) => {
      // Two of five are static members, which come back to what they had.
      const instanceId = index < 2 ? `${group}-${String(index)}` : null;
      return new SoakMember(world, group, instanceId).run();
    }),
  );
  const ends = Array.from({ length: partitions }, () => 0);
  const producer = produce(world, ends);

  for (let part = 0; part <= restarts; part++) {
    if (part > 0) {
      invariants.counts.restarts++;
      await gateway.close({ drainTimeoutMs: 0 });
      gateway = await listen();
    }
    await sleep(durationMs / (restarts + 1));
  }
  phase = 'calm';
  await producer;
  await readToTheEnd(world, groupIds, ends);
  phase = 'over';
  await Promise.all(lives);
  await gateway.close({ drainTimeoutMs: 0 });
  return invariants;
}

/** Produces to all partitions: the value of each record says where it is. A batch that was not acknowledged comes again. */
async function produce(world: SoakWorld, ends: number[]): Promise<void> {
  let client: WireClient | null = null;
  while (!world.isCalm()) {
    try {
      client ??= await WireClient.connect(world.port());
      const partitionData = ends.map((end, index) => {
        const values = Array.from({ length: 5 }, (_, at) => Buffer.from(`${String(index)}:${String(end + at)}`));
        return { index, records: buildBatch(values.map((value) => ({ timestamp: Date.now(), value }))) };
      });
      const request = { acks: -1, timeoutMs: 10_000, topicData: [{ name: TOPIC, partitionData }] };
      const { response } = await client.send(produceApi, 9, request);
      for (const { index, errorCode, baseOffset } of response.responses[0]?.partitionResponses ?? []) {
        if (errorCode !== ErrorCode.NONE) world.invariants.violated(`Produce is answered with ${String(errorCode)}`);
        const end = ends[index] ?? 0;
        if (Number(baseOffset) !== end)
          world.invariants.violated(`appended at ${String(baseOffset)}, not ${String(end)}`);
        ends[index] = end + 5;
        world.invariants.counts.produced += 5;
      }
      await sleep(20);
    } catch {
      // The broker is being restarted.
      client?.socket.destroy();
      client = null;
      await sleep(20);
    }
  }
  await client?.close();
}

/** Waits until every group has committed every partition to its end. */
async function readToTheEnd(world: SoakWorld, groupIds: readonly string[], ends: readonly number[]): Promise<void> {
  const client = await WireClient.connect(world.port());
  const until = performance.now() + CALM_MS;
  const topics = [{ name: TOPIC, partitionIndexes: [...ends.keys()] }];
  for (;;) {
    const request = { groups: groupIds.map((groupId) => ({ groupId, topics })), requireStable: true };
    const { response } = await client.send(offsetFetchApi, 9, request);
    const behind = response.groups.flatMap(({ groupId, topics: [topic] }) =>
      (topic?.partitions ?? [])
        .filter(({ partitionIndex, committedOffset }) => Number(committedOffset) !== ends[partitionIndex])
        .map((one) => `${groupId}/${String(one.partitionIndex)} is at ${String(one.committedOffset)}`),
    );
    if (behind.length === 0) break;
    if (performance.now() > until) {
      for (const one of behind) world.invariants.violated(`${one} at the end, of ${ends.join(', ')}`);
      break;
    }
    await sleep(50);
  }
  await client.close();
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
