import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ClientRun, runClient, type RunOptions } from './run-client.js';

/** A real client of Kafka that this machine may have. */
export interface Client {
  readonly name: string;
  /** Its version and that of what it runs on; rejects when it is not installed. */
  version(): Promise<string>;
  /** Runs it: the arguments are its own. */
  run(args: readonly string[], options?: RunOptions): Promise<ClientRun>;
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** Where install.sh puts Kafka’s Java client and what it needs. */
export const jars: string = path('.jars/');
const kafkajsClient = path('kafkajs-client.ts');
const kafkajsManifest = path('../../node_modules/kafkajs/package.json');

/** kcat, which is librdkafka: arguments are those of its command line. */
export const kcat: Client = {
  name: 'kcat',
  async version() {
    const { stdout } = await runClient('kcat', ['-V']);
    const match = /Version (\S+) \(.*(librdkafka \S+)/.exec(stdout) ?? /kcat (\S+) .*(librdkafka \S+)/.exec(stdout);
    return match ? `${match[1]!} (${match[2]!})` : stdout.trim();
  },
  run: (args, options) => runClient('kcat', args, options),
};

/** kafkajs: arguments are those of kafkajs-client.ts. */
export const kafkajs: Client = {
  name: 'kafkajs',
  async version() {
    const { version } = JSON.parse(readFileSync(kafkajsManifest, 'utf8')) as { readonly version: string };
    return `${version} (Node.js ${process.versions.node})`;
  },
  run: (args, options) => runClient(process.execPath, ['--import', 'tsx', kafkajsClient, ...args], options),
};

/** Kafka's own client: arguments are those of StubClient.java, and -D... for Java in front of them. */
export const java: Client = javaProgram('java/StubClient.java');

/** The reader of record batches in Kafka's own client: arguments are those of RecordBatches.java. */
export const javaRecords: Client = javaProgram('../../fixtures/generator/RecordBatches.java');

function javaProgram(file: string): Client {
  return {
    name: 'java',
    async version() {
      const jar = existsSync(jars) ? readdirSync(jars).find((name) => /^kafka-clients-.*\.jar$/.test(name)) : undefined;
      if (jar === undefined) throw new Error('no kafka-clients in test/interop/.jars');
      const { stderr } = await runClient('java', ['-version']);
      const runtime = /"(.+)"/.exec(stderr)?.[1] ?? '?';
      return `kafka-clients ${jar.slice('kafka-clients-'.length, -'.jar'.length)} (Java ${runtime})`;
    },
    run: (args, options) => {
      const own = args.filter((arg) => arg.startsWith('-D'));
      const rest = args.filter((arg) => !arg.startsWith('-D'));
      // Short runs on a small machine: no optimizing compiler, no parallel collector.
      const light = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
      const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
      return runClient('java', [...light, quiet, ...own, '-cp', `${jars}*`, path(file), ...rest], options);
    },
  };
}
