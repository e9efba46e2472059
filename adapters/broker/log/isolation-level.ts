import { ErrorCode, KafkaError } from '../../../src/contract/index.js';

const READ_UNCOMMITTED = 0;
export const READ_COMMITTED = 1;

/** @throws KafkaError for an isolation level that there is not, with the code that Kafka has for it. */
export function checkIsolationLevel(level: number): void {
  if (level === READ_UNCOMMITTED || level === READ_COMMITTED) return;
  throw new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, `there is no isolation level ${String(level)}`);
}
