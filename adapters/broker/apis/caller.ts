import type { ConnectionInfo, RequestContext } from '../../../src/contract/index.js';
import type { Caller } from '../groups/group-coordinator.js';

/** Returns the client of a request as the group coordinator sees it. Its signal is made only when a request waits. */
export function callerOf(context: RequestContext<ConnectionInfo>): Caller {
  const { apiVersion, clientId } = context;
  // Backends that reuse these methods may have another connection state, or none.
  const state = context.state as Partial<ConnectionInfo> | undefined;
  return {
    apiVersion,
    clientId,
    clientHost: `/${state?.remoteAddress ?? ''}`,
    get signal() {
      return context.signal;
    },
  };
}
