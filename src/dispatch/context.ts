import {
  type AbortCause,
  type ConnectionInfo,
  type Endpoint,
  type Principal,
  RequestAborted,
  type RequestContext,
} from '../contract.js';
import type { ApiName } from '../protocol/apis.js';

/** The context of one request. Its signal is made when first asked for: most handlers answer at once and never do. */
export class Context implements RequestContext {
  #controller: AbortController | null = null;
  #aborted: RequestAborted | null = null;
  readonly #connection: ConnectionInfo;

  constructor(
    readonly api: ApiName,
    readonly apiVersion: number,
    readonly correlationId: number,
    readonly clientId: string | null,
    connection: ConnectionInfo,
    readonly state: unknown,
  ) {
    this.#connection = connection;
  }

  get connection(): string {
    return this.#connection.id;
  }

  get principal(): Principal {
    return this.#connection.principal;
  }

  get advertised(): Endpoint {
    return this.#connection.advertised;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Aborts the request, unless it was aborted before; returns the reason. */
  abort(cause: AbortCause): RequestAborted {
    if (this.#aborted === null) {
      this.#aborted = new RequestAborted(cause);
      this.#controller?.abort(this.#aborted);
    }
    return this.#aborted;
  }

  /** Why the request was aborted, if it was. */
  get aborted(): AbortCause | null {
    return this.#aborted?.cause ?? null;
  }

  /** Whether an error is but the abort, handed on as it is or as the cause of Node's own AbortError. */
  isAbort(error: unknown): boolean {
    if (this.#aborted === null) return false;
    return error === this.#aborted || (error instanceof Error && error.cause === this.#aborted);
  }
}
