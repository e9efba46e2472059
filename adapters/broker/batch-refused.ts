import { KafkaError } from '../../src/contract/index.js';

/** A record for which its batch is refused (KIP-467). */
export interface RecordFault {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string;
}

/** Why a batch is refused. */
export class BatchRefusedError extends KafkaError {
  override readonly name: string = 'BatchRefusedError';

  constructor(
    errorCode: number,
    message: string,
    readonly recordErrors: readonly RecordFault[] = [],
  ) {
    super(errorCode, message);
  }
}
