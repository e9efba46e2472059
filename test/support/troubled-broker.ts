import type { BrokerConfigInit } from 'iggy-gateway-kafka/adapters/broker';
import { vi } from 'vitest';
import { createTopic } from './admin-requests.js';
import { startBroker } from './broker.js';
import { record } from './gateways.js';
import { batchOf } from './log-requests.js';
import { troubledStore } from './troubled-store.js';
import type { TurnedClock } from './turned-clock.js';

/** A failure of a store that is no StoreError. */
export const BROKEN = new Error('broken');

/** A batch of a producer with a sequence number. */
export const sequence = (baseSequence: number): Buffer =>
  batchOf(['a'], { producerId: 9, producerEpoch: 0, baseSequence });

/** A broker over a store that fails when told, with a client and the topic `t`. */
export async function started(
  trouble = troubledStore(),
  options: { readonly clock?: TurnedClock; readonly config?: BrokerConfigInit } = {},
) {
  const warn = vi.fn<(message: string) => void>();
  const { gateway, connect } = await startBroker({ store: trouble.store, warn, ...options });
  const client = await connect();
  await createTopic(client, 't');
  return { ...trouble, warn, client, connect, gateway, errors: record(gateway, 'requestError') };
}
