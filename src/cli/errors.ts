import { CodedError } from '../protocol/errors.js';

export { oneLine } from '../errors.js';

/** What the command is called, in front of every line that it says of itself. */
export const COMMAND = 'iggy-gateway-kafka';

/** Ends the command with one line on the standard error output. */
export class CommandError extends CodedError {
  override readonly name: string = 'CommandError';
  readonly code: 'COMMAND_USAGE' | 'COMMAND_FAILED';

  constructor(
    readonly exitCode: 1 | 2,
    message: string,
  ) {
    super(message);
    this.code = exitCode === USAGE ? 'COMMAND_USAGE' : 'COMMAND_FAILED';
  }
}

/** The command was called in a way that cannot be. */
export const USAGE = 2;
/** The command did not do what it was called for. */
export const FAILURE = 1;

/** What an error says; those of several addresses at once say it in their code only. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? ((error as NodeJS.ErrnoException).code ?? error.name) : error.message;
}
