import type { Backend } from '../contract/index.js';
import type { GuardedEvents } from '../events.js';
import type { ResponseBuffer } from '../listener/response-buffer.js';
import type { Reader } from '../protocol/reader.js';
import type { Firewall } from './firewall.js';
import type { RequestWarnings } from './request-warnings.js';

/** What all sessions of a gateway share. */
export interface Dispatch {
  readonly backend: Backend;
  readonly firewall: Firewall;
  readonly events: GuardedEvents;
  /** For failures of the backend while `requestError` has no listener. */
  readonly warnings: RequestWarnings;
  /** One for all: a request is decoded in one go. */
  readonly reader: Reader;
  /** Where responses are encoded, and sent from: the buffer of the listener's turn. */
  readonly responses: ResponseBuffer;
  readonly maxDecodedElements: number;
  /** 0 for no limit. */
  readonly requestTimeoutMs: number;
  readonly onUnsupportedVersion: 'respond' | 'close';
  readonly counters: DispatchCounters;
}

/** What is counted and not reported one by one. */
export interface DispatchCounters {
  /** Requests with bytes after a body that decoded; they were read, and the bytes skipped, as Kafka does. */
  trailingBytes: number;
}
