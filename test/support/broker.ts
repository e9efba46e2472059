import { type BrokerOptions, createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { start, type Started } from './gateways.js';

/** A broker over a memory store, closed with the test. */
export function startBroker(options: Partial<BrokerOptions> = {}): Promise<Started> {
  return start({ backend: createBrokerBackend({ store: createMemoryStore(), ...options }) });
}
