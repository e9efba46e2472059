import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { expect } from 'vitest';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Runs examples/iggy-service with an SDK, and a Kafka client in front of it. */
export async function tryService(sdkModule: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const service = fileOf('../../../examples/iggy-service/service.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', '--import', fileOf('hook.js'), service], {
    env: { ...process.env, PORT: '0', ...env, IGGY_SDK_MODULE: sdkModule },
  });
  let problems = '';
  child.stderr.on('data', (chunk: Buffer) => {
    problems += chunk.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = createInterface(child.stdout);
  const line = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (text: string): void => {
        const match = pattern.exec(text);
        if (match !== null) resolve(match);
      };
      lines.on('line', look);
      void exited.then(() => {
        reject(new Error(`the service ended without ${String(pattern)}: ${problems}`));
      });
    });
  try {
    const [, port] = await line(/127\.0\.0\.1:(\d+)/);
    const kafka = new Kafka({ brokers: [`127.0.0.1:${String(port)}`], logLevel: logLevel.NOTHING });

    const payment = line(/^payment for (.*)$/);
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic: 'payments', messages: [{ key: 'anna', value: 'paid' }] });
    await producer.disconnect();
    expect((await payment)[1]).toBe('anna: paid');

    const consumer = kafka.consumer({ groupId: 'readers' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    const orders: unknown[] = [];
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message: { offset, key, value, headers } }) => {
          orders.push([offset, key, value?.toString(), headers?.['source']?.toString()]);
          if (orders.length === 2) resolve();
        },
      });
    });
    await consumer.disconnect();
    expect(orders.slice(0, 2)).toEqual([
      ['0', null, '{"order":1,"total":12.5}', 'web'],
      ['1', null, '{"order":2,"total":12.5}', 'web'],
    ]);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
}
