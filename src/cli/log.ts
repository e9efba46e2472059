import type { ConnectionInfo, KafkaGateway } from '../index.js';
import { oneLine } from './errors.js';
import { formatEndpoint } from './values.js';

/** `info`: what went wrong; `debug`: every connection and request, and clients that reset their connection, as well. */
export type LogLevel = 'quiet' | 'info' | 'debug';

export const logLevels: readonly LogLevel[] = ['quiet', 'info', 'debug'];

/** Writes the events of a gateway, one line each. */
export function logEvents(
  gateway: KafkaGateway,
  level: LogLevel,
  errorName: (code: number) => string,
  write: (line: string) => void,
): void {
  if (level === 'quiet') {
    // Without a listener it becomes a process warning.
    gateway.on('requestError', () => undefined);
    return;
  }
  const log = (what: string, connection: ConnectionInfo, text: string): void => {
    const { id, remoteAddress = '?', remotePort = '?' } = connection;
    write(oneLine(`${what} ${id} ${remoteAddress} ${String(remotePort)}${text === '' ? '' : `: ${text}`}`));
  };
  const debug = level === 'debug';

  gateway.on('unsupportedVersion', ({ connection, apiKey, apiName, apiVersion, closed }) => {
    const api = apiName ?? `API ${String(apiKey)}`;
    log('unsupported version', connection, `${api} v${String(apiVersion)}${closed ? ', connection closed' : ''}`);
  });
  gateway.on('protocolError', ({ connection, error }) => {
    log('protocol error', connection, error.message);
  });
  gateway.on('connectionError', ({ connection, error }) => {
    if (!debug && isClientGone(error)) return;
    log('connection error', connection, error.message);
  });
  gateway.on('requestError', ({ connection, backend, api, context, error }) => {
    const version = context === null ? '' : ` v${String(context.apiVersion)}`;
    const stack = debug && error instanceof Error ? error.stack : undefined;
    log('request error', connection, `${api}${version}, backend ${backend}: ${stack ?? String(error)}`);
  });
  gateway.on('backendStatus', ({ state, successor }) => {
    write(oneLine(`backend status: ${state}${successor === null ? '' : ` by ${formatEndpoint(successor)}`}`));
  });
  gateway.on('error', (error) => {
    write(oneLine(`error: ${error.message}`));
  });
  if (!debug) return;

  gateway.on('connection', (connection) => {
    log('connection', connection, '');
  });
  gateway.on('disconnect', (connection) => {
    log('disconnect', connection, '');
  });
  gateway.on('request', ({ connection, api, apiVersion, correlationId, clientId, bytes }) => {
    const client = clientId === null ? 'no client id' : JSON.stringify(clientId);
    log('request', connection, `${api} v${String(apiVersion)} id ${String(correlationId)}, ${client}, ${bytes} bytes`);
  });
  gateway.on('response', ({ connection, api, apiVersion, correlationId, durationMs, errorCode, bytes }) => {
    const outcome = `${String(bytes)} bytes, ${errorName(errorCode)}, ${durationMs.toFixed(2)} ms`;
    log('response', connection, `${api} v${String(apiVersion)} id ${String(correlationId)}, ${outcome}`);
  });
}

/** Clients end like this as a matter of course: a process that is killed, a pool that is closed. */
function isClientGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}
