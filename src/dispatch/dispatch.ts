import type { Backend } from '../contract/index.js';
import type { GuardedEvents } from '../events.js';
import type { ResponseBuffer } from '../listener/response-buffer.js';
import type { Reader } from '../protocol/reader.js';
import type { Firewall } from './firewall.js';
import type { RequestWarnings } from './request-warnings.js';

/** State that all sessions of a gateway share. */
export interface Dispatch {
  readonly backend: Backend;
  readonly firewall: Firewall;
  readonly events: GuardedEvents;
  /** For failures of the backend while `requestError` has no listener. */
  readonly warnings: RequestWarnings;
  /** Shared by all sessions, because each request is decoded synchronously. */
  readonly reader: Reader;
  /** Buffer in which responses are encoded: the response buffer of the listener's turn. */
  readonly responses: ResponseBuffer;
  readonly maxDecodedElements: number;
  /** 0 for no limit. */
  readonly requestTimeoutMs: number;
  readonly onUnsupportedVersion: 'respond' | 'close';
  readonly counters: DispatchCounters;
}

/** Counters for conditions that have no event. */
export interface DispatchCounters {
  /** Number of requests with extra bytes after a valid body. The bytes are skipped, as in Kafka. */
  trailingBytes: number;
}
