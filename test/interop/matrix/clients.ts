import { fileURLToPath } from 'node:url';
import { type Driver, startDriver } from './driver.js';
import { startKcat } from './kcat-driver.js';

export interface MatrixClient {
  readonly name: string;
  /** Whether its user may say the timestamps of records. Default: true. */
  readonly stamps?: boolean;
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
    start: (bootstrap) => startDriver('java', [...light, '-cp', `${path('.jars')}/*`, path('java/Driver.java'), bootstrap]),
  },
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
  kafkaGo: { name: 'segmentio kafka-go', start: (bootstrap) => startDriver(path('go/.bin/kafkago'), [bootstrap]) },
} satisfies Record<string, MatrixClient>;
