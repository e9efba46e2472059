import { createKafkaGateway, createStubBackend } from 'iggy-gateway-kafka';
import { writeCapture } from './capture.js';
import { type Client, java, kafkajs, kcat } from './clients.js';
import { RecordingProxy } from './recording-proxy.js';
import type { RunOptions } from './run-client.js';

// Writes fixtures/captures/: `npx tsx test/interop/record-captures.ts`, after install.sh.

interface Step {
  readonly args: readonly string[];
  readonly options?: RunOptions;
}

const HERE = 'HOST:PORT';
const topic = 'captures';

const recordings: Record<string, { readonly client: Client; readonly steps: readonly Step[] }> = {
  kcat: {
    client: kcat,
    steps: [
      { args: ['-b', HERE, '-L', '-t', topic] },
      { args: ['-b', HERE, '-P', '-t', topic, '-K', ':'], options: { input: 'key:one\nkey:two\nkey:three\n' } },
      { args: ['-b', HERE, '-C', '-t', topic, '-p', '0', '-o', 'beginning', '-e'] },
    ],
  },
  kafkajs: {
    client: kafkajs,
    steps: ['metadata', 'create-topic', 'produce'].map((command) => ({ args: [HERE, command, topic] })),
  },
  'java-admin': {
    client: java,
    steps: ['admin', 'create-topic'].map((command) => ({ args: [HERE, command, topic] })),
  },
  'java-producer': { client: java, steps: [{ args: [HERE, 'produce', topic] }] },
  'java-consumer': { client: java, steps: [{ args: [HERE, 'consume', topic] }] },
};

for (const [name, { client, steps }] of Object.entries(recordings)) {
  let gatewayPort = 0;
  const proxy = await RecordingProxy.listen(() => gatewayPort);
  // Clients connect to what Metadata names: the proxy again.
  const listener = { port: 0, advertised: { host: '127.0.0.1', port: proxy.port } };
  await using gateway = createKafkaGateway({ listener, backend: createStubBackend({ mode: 'accepting' }) });
  gatewayPort = (await gateway.listen()).port;
  try {
    for (const { args, options } of steps) {
      const here = args.map((arg) => (arg === HERE ? `127.0.0.1:${proxy.port}` : arg));
      const { command, exitCode, stdout, stderr } = await client.run(here, options);
      if (exitCode !== 0) throw new Error(`${command}: exit code ${exitCode}\n${stdout}\n${stderr}`);
    }
  } finally {
    await proxy.close();
  }
  const told = steps.map(({ args, options }) =>
    [...args, ...(options?.input ? [`<<< ${options.input}`] : [])].join(' '),
  );
  writeCapture(name, { client: client.name, version: await client.version(), steps: told, frames: proxy.frames });
  console.log(`${name}: ${proxy.frames.length} frames`);
}
