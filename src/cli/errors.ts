/** What the command is called, in front of every line that it says of itself. */
export const COMMAND = 'iggy-gateway-kafka';

/** Ends the command with one line on the standard error output. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  constructor(
    readonly exitCode: 1 | 2,
    message: string,
  ) {
    super(message);
  }
}

/** The command was called in a way that cannot be. */
export const USAGE = 2;
/** The command did not do what it was called for. */
export const FAILURE = 1;

/** Text as one line of what a terminal shows: the rest, which may come from the network, is escaped. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/[\p{C}\u2028\u2029]/gu, (character) => {
    return `\\u{${Number(character.codePointAt(0)).toString(16)}}`;
  });
}

/** What an error says; those of several addresses at once say it in their code only. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? ((error as NodeJS.ErrnoException).code ?? error.name) : error.message;
}
