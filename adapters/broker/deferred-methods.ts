import { type Awaitable, GatewayError } from '../../src/contract/index.js';
import type { KitMethods } from './kit.js';

// A gateway reads the methods of a backend before it opens it, and so before the handlers load.
const APIS = [
  'alterConfigs',
  'createPartitions',
  'createTopics',
  'deleteGroups',
  'deleteRecords',
  'deleteTopics',
  'describeCluster',
  'describeConfigs',
  'describeGroups',
  'describeLogDirs',
  'describeTopicPartitions',
  'fetch',
  'findCoordinator',
  'heartbeat',
  'incrementalAlterConfigs',
  'initProducerId',
  'joinGroup',
  'leaveGroup',
  'listConfigResources',
  'listGroups',
  'listOffsets',
  'metadata',
  'offsetCommit',
  'offsetDelete',
  'offsetFetch',
  'offsetForLeaderEpoch',
  'produce',
  'syncGroup',
] as const satisfies readonly (keyof KitMethods)[];

type Method = (request: never, context: never) => Awaitable<never>;

/** Methods whose handlers load later. */
export interface DeferredMethods {
  /** One method for each API. It throws a GatewayError until its handler is resolved. */
  readonly methods: KitMethods;
  /** Sets handlers. */
  resolve(handlers: KitMethods): void;
}

/** Creates a method for each API that a broker answers. It calls the handler that is set later. */
export function deferMethods(backend: string): DeferredMethods {
  const methods: KitMethods = {};
  const resolvers: Record<string, (handler: Method) => void> = {};
  for (const api of APIS) {
    let handle: Method = () => {
      throw new GatewayError('INVALID_STATE', `backend ${backend}: ${api}() was called before open()`);
    };
    const method: Method = (request, context) => handle(request, context);
    methods[api] = method;
    resolvers[api] = (handler) => (handle = handler);
  }
  return {
    methods,
    resolve(handlers) {
      for (const [api, handler] of Object.entries(handlers)) resolvers[api]!(handler as Method);
    },
  };
}
