import { type Backend, createStubBackend } from 'iggy-gateway-kafka';
import { encodeRequestFrame } from './wire-client.js';
import { fetchApi } from 'iggy-gateway-kafka/protocol';

export interface FetchBackend {
  readonly backend: Backend;
  /** How many Fetch requests have come to the handler. */
  readonly handled: () => number;
}

/** The stub, with a Fetch that answers so many bytes of records for one partition, whatever was asked. */
export function createFetchBackend(bytes: number): FetchBackend {
  const records = Buffer.alloc(bytes, 7);
  let handled = 0;
  return {
    handled: () => handled,
    backend: {
      ...createStubBackend(),
      name: 'fetch',
      fetch: ({ maxWaitMs }) => {
        handled++;
        const partitions = [
          // What was asked comes back, to tell the answers apart.
          { partitionIndex: maxWaitMs, errorCode: 0, highWatermark: 0n, abortedTransactions: null, records },
        ];
        return { errorCode: 0, responses: [{ topic: 't', partitions }] };
      },
    },
  };
}

/** A Fetch request in version 11, with what comes back as the partition. */
export function fetchFrame(correlationId: number, partition = correlationId): Buffer {
  return encodeRequestFrame(fetchApi, 11, { maxWaitMs: partition, minBytes: 0, topics: [] }, { correlationId });
}
