import type { Awaitable, ConnectionInfo, RequestContext } from '../../../src/contract/index.js';
import type { DynamicConfigs } from '../configs/dynamic-configs.js';
import type { GroupsPart } from '../groups/groups-part.js';
import type { Kit } from '../kit.js';
import type { LogManager } from '../log/log-manager.js';

/** The parts of the broker that handlers call. */
export interface Broker {
  readonly kit: Kit;
  readonly configs: DynamicConfigs;
  readonly groups: GroupsPart;
  readonly log: LogManager;
}

/**
 * Handles one API: maps the request to calls of the broker's parts, and their results to the response. Holds no state.
 * Returns a promise only if a part does.
 */
export type Handler<Request, Response> = (
  broker: Broker,
  request: Request,
  context: RequestContext<ConnectionInfo>,
) => Awaitable<Response>;
