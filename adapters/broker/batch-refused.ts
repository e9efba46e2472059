/** A record for which its batch is refused (KIP-467). */
export interface RecordFault {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string;
}

/** Why a batch is refused. */
export class BatchRefused extends Error {
  override readonly name: string = 'BatchRefused';

  constructor(
    readonly code: number,
    message: string,
    readonly recordErrors: readonly RecordFault[] = [],
  ) {
    super(message);
  }
}
