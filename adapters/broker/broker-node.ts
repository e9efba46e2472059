import type { Endpoint } from '../../src/contract/index.js';

/** One broker of the cluster, as Metadata names it. */
export interface BrokerNode extends Endpoint {
  readonly nodeId: number;
  readonly rack: string | null;
}
