// What happens in a gateway, one line of JSON for each event.
import { createKafkaGateway, errorName } from 'iggy-gateway-kafka';

const gateway = createKafkaGateway({ listener: { port: Number(process.env['PORT'] ?? 9093) } });

function log(event: string, fields: object): void {
  console.log(JSON.stringify({ event, ...fields }));
}

gateway
  .on('listening', ({ endpoint, advertised }) => {
    log('listening', { endpoint, advertised });
  })
  .on('connection', ({ id, remoteAddress, remotePort }) => {
    log('connection', { id, remoteAddress, remotePort });
  })
  .on('disconnect', ({ id }) => {
    log('disconnect', { id });
  })
  .on('response', ({ connection, api, apiVersion, clientId, durationMs, errorCode, bytes }) => {
    log('response', { id: connection.id, api, apiVersion, clientId, durationMs, error: errorName(errorCode), bytes });
  })
  .on('unsupportedVersion', ({ connection, apiName, apiKey, apiVersion }) => {
    log('unsupportedVersion', { id: connection.id, api: apiName ?? apiKey, apiVersion });
  })
  .on('protocolError', ({ connection, error }) => {
    log('protocolError', { id: connection.id, message: error.message });
  })
  .on('connectionError', ({ connection, error }) => {
    log('connectionError', { id: connection.id, message: error.message });
  })
  .on('requestError', ({ connection, api, error }) => {
    log('requestError', { id: connection.id, api, message: String(error) });
  })
  .on('error', (error) => {
    log('error', { message: error.message });
  })
  .on('close', () => {
    log('close', {});
  });

await gateway.listen();

process.once('SIGTERM', () => {
  void gateway.close({ drainTimeoutMs: 5_000 });
});
