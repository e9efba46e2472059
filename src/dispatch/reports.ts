import type { ApiName, ConnectionInfo, RequestContext } from '../contract/index.js';
import type { Dispatch } from './dispatch.js';

/** The connection that an event is about, and the gateway that emits it. */
export interface Origin {
  readonly dispatch: Dispatch;
  readonly connection: ConnectionInfo;
}

/**
 * Emits `requestError`. Without a listener for it, emits a process warning.
 *
 * @param context - Context of the request; null unless a request handler failed.
 */
export function reportError(
  { dispatch, connection }: Origin,
  api: ApiName | 'connect' | 'disconnect' | 'release',
  context: RequestContext | null,
  error: unknown,
): void {
  const { backend, events, warnings } = dispatch;
  if (events.has('requestError')) {
    events.emit('requestError', { connection, backend: backend.name, api, context, error });
  } else {
    warnings.warn({ backend: backend.name, api, version: context?.apiVersion ?? null, error });
  }
}

/**
 * Emits `protocolError`.
 *
 * @param apiKey - Null if the frame has no header.
 */
export function reportProtocolError(
  { dispatch: { events }, connection }: Origin,
  error: Error,
  apiKey: number | null,
  version: number | null,
): void {
  if (events.has('protocolError')) events.emit('protocolError', { connection, error, apiKey, apiVersion: version });
}
