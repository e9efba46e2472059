import { mkdirSync, writeFileSync } from 'node:fs';
import { apiVersionsApi } from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../support/wire-client.js';

// Writes fixtures/captures/broker/: `npx tsx test/interop/record-broker.ts PORT`, with a stock Kafka on that port.

const [port = ''] = process.argv.slice(2);
const software = { clientSoftwareName: 'record-broker', clientSoftwareVersion: '1' };
const client = await WireClient.connect(Number(port));
const lines: string[] = [];
for (let version = apiVersionsApi.versions.min; version <= apiVersionsApi.versions.max; version++) {
  client.post(apiVersionsApi, version, version >= 3 ? software : {});
  // The response header of ApiVersions is a correlation id and nothing else.
  const { body } = await client.next();
  lines.push(JSON.stringify({ version, hex: body.toString('hex') }));
}
await client.close();
const folder = new URL('../../fixtures/captures/broker/', import.meta.url);
mkdirSync(folder, { recursive: true });
const file = new URL('api-versions.json', folder);
writeFileSync(file, `{"source":"Kafka 4.4.0","responses":[\n${lines.join(',\n')}\n]}\n`);
