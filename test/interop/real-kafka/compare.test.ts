import { createKafkaGateway, type KafkaGateway } from 'iggy-gateway-kafka';
import { createMemoryBackend } from 'iggy-gateway-kafka/adapters/memory';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApacheKafka, startApacheKafka } from './apache-kafka.js';
import { differencesOf } from './diff.js';
import { differences } from './differences.js';
import { scenarios } from './scenarios/index.js';
import { Side } from './side.js';

/** Configs of both brokers. */
const CONFIG = {
  'group.initial.rebalance.delay.ms': 0,
  'group.max.size': 3,
};

describe('the memory backend answers as Apache Kafka does', () => {
  let kafka: ApacheKafka;
  let gateway: KafkaGateway;
  let port: number;
  /** Where they differ, over all areas. */
  const found: string[] = [];

  beforeAll(async () => {
    const backend = createMemoryBackend({ config: CONFIG });
    gateway = createKafkaGateway({ listener: { host: '127.0.0.1', port: 0 }, backend });
    ({ port } = await gateway.listen());
    kafka = await startApacheKafka(CONFIG);
  }, 150_000);

  afterAll(async () => {
    await gateway.close({ drainTimeoutMs: 0 });
    await kafka.stop();
  });

  test.each(scenarios)('$area', async ({ run }) => {
    const sides = [new Side(kafka.port), new Side(port)] as const;
    try {
      await Promise.all(sides.map(run));
    } finally {
      await Promise.all(sides.map((side) => side.close()));
    }
    const [theirs, ours] = sides.map((side) => side.answers()) as [Map<string, unknown>, Map<string, unknown>];
    expect([...ours.keys()], 'both are asked the same').toEqual([...theirs.keys()]);
    const lines = [...theirs].flatMap(([name, answer]) => differencesOf(answer, ours.get(name), `${name} >`));
    found.push(...lines);
    const isDeliberate = (line: string) => differences.some(({ lines }) => lines.some((each) => each.test(line)));
    expect(
      lines.filter((line) => !isDeliberate(line)),
      'request > field: Apache Kafka | memory backend',
    ).toEqual([]);
  });

  test.each(differences)('what differs on purpose does: $title', ({ lines }) => {
    for (const each of lines)
      expect(
        found.filter((line) => each.test(line)),
        String(each),
      ).not.toEqual([]);
  });
});
