import { createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { newStream } from '../../iggy/support/gateway.js';
import { type IggyServer, startIggy } from '../../iggy/support/iggy.js';
import { inMemory, type MakeStore } from './cluster.js';

/** What the scenarios run against. */
export interface StoreKind {
  /** Whether batches are stored as clients made them. */
  readonly keepsBatches: boolean;
  /** Scenarios that it has no way to do, and why. */
  readonly cannot: Readonly<Record<string, string>>;
  readonly makers: {
    /** Stores with data of their own. */
    next(): Promise<MakeStore>;
    close(): Promise<void>;
  };
}

/** In memory, or what the configuration of the test run says. */
export function storeKind(): StoreKind {
  return process.env['INTEROP_STORE'] === 'iggy' ? iggy() : memory();
}

function memory(): StoreKind {
  const makers = { next: async () => inMemory(), close: async () => undefined };
  return { keepsBatches: true, cannot: {}, makers };
}

/** A real server, with a stream for each cluster; a restart of the gateway finds there what it knows. */
function iggy(): StoreKind {
  let server: Promise<IggyServer> | null = null;
  const next = async (): Promise<MakeStore> => {
    const { connect } = await (server ??= startIggy());
    const stream = newStream();
    return (warn) => createIggyStore({ connect: () => connect(), stream }, warn);
  };
  const close = async (): Promise<void> => (await server)?.close();
  return {
    keepsBatches: false,
    cannot: { 'delete records': 'Iggy deletes whole segments only' },
    makers: { next, close },
  };
}
