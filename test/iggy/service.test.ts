import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runWith, SERVED } from '../support/iggy-sdk/any-backend.js';
import { tryService } from '../support/iggy-sdk/service.js';
import { type IggyServer, startIggy } from './support/iggy.js';

const sdk = pathToFileURL(join(process.env['IGGY_SDK'] ?? '', 'dist/index.js')).href;
let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

it('iggy-service: Kafka clients read what it writes with the SDK, and it reads what they write', async () => {
  await tryService(sdk, { IGGY_PORT: String(iggy.port) });
}, 180_000);

it('any-backend: Iggy serves the program by a change of one line', async () => {
  const env = { IGGY_PORT: String(iggy.port) };
  expect(await runWith('iggy', sdk, env)).toEqual(['backend: iggy', ...SERVED]);
  // What it wrote and committed is there the next time.
  expect((await runWith('iggy', sdk, env)).slice(1, 3)).toEqual(['written from offset 3', '3 anna apples']);
}, 180_000);
