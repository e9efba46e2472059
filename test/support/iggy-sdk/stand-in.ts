// A fake for `apache-iggy`, where Iggy is not: the same names, with the stand-in behind them (see ../iggy-stand-in.ts). The
// real one runs the same example in test/iggy/service.test.ts.
import type { IggyClient } from '../../../adapters/iggy/sdk/client.js';
import { createStandIn } from '../iggy-stand-in.js';

const server = createStandIn();

// A class in the SDK: it is called with `new`.
export function Client(): IggyClient {
  return server.connect();
}
export const Consumer = { Single: { kind: 1, id: 0 } };
export const HeaderKeyFactory = { String: (value: string): object => ({ kind: 2, value }) };
export const HeaderValue = { Raw: (value: Buffer): object => ({ kind: 1, value }) };
export const Partitioning = { PartitionId: (value: number): object => ({ kind: 2, value }) };
export const PollingStrategy = { Offset: (value: bigint): object => ({ kind: 1, value }) };
