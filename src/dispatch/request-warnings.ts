import { oneLine, textOf } from '../errors.js';
import type { RequestErrorEvent } from '../events.js';

type Failed = Pick<RequestErrorEvent, 'backend' | 'api' | 'error'> & { readonly version: number | null };

/** Most warnings for each place in the code that throws: its messages may hold text that clients chose. */
const MESSAGES_PER_PLACE = 4;
const MAX_PLACES = 256;
const MAX_MESSAGE_CHARACTERS = 300;
/** Frames of a stack that name a place: its own, and whom a helper that throws was called by. */
const PLACE_FRAMES = 3;

/**
 * Process warnings for failures of the backend, for a gateway whose `requestError` event has no listener: one for each
 * API and message. What is remembered is bounded, by the place that throws, so that a client that puts ever new text
 * into the messages of one place neither fills the memory nor hides the failures of another place.
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

/** Where an error was made, without its message. */
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
