import { afterAll, beforeAll, test } from 'vitest';
import { newStream } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { expectMirrored } from './support/mirror-checks.js';

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

test("what groups commit is shown to Iggy's tools: the offset of the message that was read last", () =>
  expectMirrored(() => iggy.connect(), newStream()));
