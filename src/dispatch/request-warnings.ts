import { oneLine, textOf } from '../errors.js';
import type { RequestErrorEvent } from '../events.js';

type Failed = Pick<RequestErrorEvent, 'backend' | 'api' | 'error'> & { readonly version: number | null };

/** Maximum number of warnings for each throwing call site, because its messages may contain text from clients. */
const MESSAGES_PER_PLACE = 4;
const MAX_PLACES = 256;
const MAX_MESSAGE_CHARACTERS = 300;
/** Number of stack frames that identify a call site: the throwing function and the callers of a helper that throws. */
const PLACE_FRAMES = 3;

/**
 * Emits process warnings for failures of the backend if the `requestError` event has no listener: one for each API and
 * message. The number of remembered messages is limited for each call site that throws, so that a client that varies
 * the messages of one call site neither fills the memory nor hides the failures of another.
 */
export class RequestWarnings {
  readonly #warned = new Set<string>();
  readonly #places = new Map<string, number>();

  /** Emits a warning unless an equal one was emitted. */
  warn({ backend, api, version, error }: Failed): void {
    const message = oneLine(textOf(error).slice(0, MAX_MESSAGE_CHARACTERS));
    const key = `${api} ${message}`;
    if (this.#warned.has(key)) return;
    const frames = framesOf(error);
    const place = [api, ...frames.slice(0, PLACE_FRAMES)].join();
    const count = (this.#places.get(place) ?? 0) + 1;
    if (count > MESSAGES_PER_PLACE || (count === 1 && this.#places.size === MAX_PLACES)) return;
    this.#places.set(place, count);
    this.#warned.add(key);
    const method = version === null ? api : `${api} v${String(version)}`;
    const advice =
      count < MESSAGES_PER_PLACE
        ? "listen to 'requestError' to get every failure"
        : "further messages from the same place are not shown; listen to 'requestError' to get every failure";
    process.emitWarning(`backend ${backend}: ${method} failed: ${message}; ${advice}`, {
      type: 'KafkaGatewayWarning',
      detail: frames.join('\n'),
    });
  }
}

/** Returns the call site that created an error, without the message. */
function framesOf(error: unknown): string[] {
  try {
    const { stack, message } = error as Error;
    const from = String(stack).indexOf(message) + message.length;
    return String(stack)
      .slice(from)
      .split('\n')
      .filter((line) => /^ +at /.test(line))
      .map(oneLine);
  } catch {
    return []; // It is no error, or has none of these.
  }
}
