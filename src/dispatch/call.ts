import {
  type AbortCause,
  type ConnectionInfo,
  type Endpoint,
  KafkaError,
  type Principal,
  RequestAbortedError,
  type RequestContext,
} from '../contract/index.js';
import { isPromise } from '../awaitable.js';
import { CLOSE, DONE, type FrameOutcome } from '../listener/frame-handler.js';
import type { ApiName } from '../protocol/apis.js';
import { explainEncodeError } from '../protocol/encode-trace.js';
import { ErrorCode, isFailureCode } from '../protocol/error-codes.js';
import { DecodeError } from '../protocol/errors.js';
import type { ProduceRequest } from '../protocol/messages/produce.js';
import { encodeErrorResponse, encodeRejection, encodeResponseFrame } from './answer.js';
import type { Dispatch } from './dispatch.js';
import { PRODUCE_KEY, type Route } from './firewall.js';
import { type AwaitingCall, PendingAnswer, type Settlement } from './pending-answer.js';
import { refuse } from './refusal-response.js';
import { reportError, reportProtocolError } from './reports.js';

/** Api key, version and correlation id: the first fields of every request header. */
const HEADER_START_BYTES = 8;

/** A larger frame is released as soon as it is decoded; a smaller one when the next frame is decoded. */
const LARGE_FRAME_BYTES = 64 * 1024;

/** The connection of a call. */
export interface CallScope {
  readonly dispatch: Dispatch;
  readonly connection: ConnectionInfo;
  /** Returned by the backend's `connect`. */
  readonly state: unknown;
  /** Whether the socket is closed. */
  readonly isClosed: boolean;
  /** The handler of a call has returned a promise. */
  handlerStarted(call: Call): void;
  /** That promise has settled. */
  handlerSettled(call: Call): void;
}

/**
 * Handles the frame at `start` to `end` of `bytes`: header, firewall, decode, backend method, encode. A synchronous
 * handler is answered within the call. Never throws.
 */
export function handleFrame(scope: CallScope, bytes: Buffer, start: number, end: number): FrameOutcome {
  const { dispatch } = scope;
  const { reader } = dispatch;
  if (end - start < HEADER_START_BYTES) return rejectHeader(scope, end - start);
  const apiKey = ((bytes[start]! << 24) | (bytes[start + 1]! << 16)) >> 16;
  const version = ((bytes[start + 2]! << 24) | (bytes[start + 3]! << 16)) >> 16;
  const correlationId =
    (bytes[start + 4]! << 24) | (bytes[start + 5]! << 16) | (bytes[start + 6]! << 8) | bytes[start + 7]!;
  const route = dispatch.firewall.route(apiKey, version);
  if (route === undefined) {
    const refused = { apiKey, version, correlationId, bytes, start: start + HEADER_START_BYTES, end };
    return refuse(dispatch, scope.connection, refused);
  }
  let clientId: string | null;
  let request: unknown;
  try {
    reader.reset(bytes, start + HEADER_START_BYTES, end, dispatch.maxDecodedElements);
    clientId = reader.nullableString(false);
    if (version >= route.flexibleFrom) reader.skipTaggedFields();
    request = route.codec.readRequest(reader, version);
  } catch (error) {
    return rejectBody(scope, route, version, correlationId, error);
  }
  if (reader.remaining > 0) dispatch.counters.trailingBytes++;
  if (end - start > LARGE_FRAME_BYTES) reader.clear();
  const call = new Call(scope, route, version, correlationId, clientId, request);
  if (dispatch.events.request) call.reportRequest(end - start);
  return call.run();
}

function rejectHeader(scope: CallScope, length: number): typeof CLOSE {
  const error = new DecodeError('TRUNCATED', length, `a request of ${String(length)} bytes has no header`);
  reportProtocolError(scope, error, null, null);
  return CLOSE;
}

function rejectBody(
  scope: CallScope,
  route: Route,
  version: number,
  correlationId: number,
  error: unknown,
): typeof CLOSE {
  const { dispatch } = scope;
  dispatch.reader.clear();
  const reported = error instanceof DecodeError ? error.in(`${route.codec.name} request v${String(version)}`) : error;
  reportProtocolError(scope, reported as Error, route.key, version);
  const flexibleHeader = version >= route.flexibleHeaderFrom;
  encodeRejection(dispatch, route.codec, version, flexibleHeader, correlationId, ErrorCode.INVALID_REQUEST);
  return CLOSE;
}

/**
 * One request, from its decoded body to its encoded response. The backend gets it as the context of the request, so
 * that a synchronous request costs one allocation.
 */
export class Call implements RequestContext, AwaitingCall {
  readonly api: ApiName;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly state: unknown;
  readonly #scope: CallScope;
  readonly #route: Route;
  /** Undefined once it is answered: a backend may keep its context for longer. */
  #request: unknown;
  /** 0 while the `response` event has no listener. */
  readonly #startedAt: number;
  /** Created when the signal is first read: most handlers never do. */
  #controller: AbortController | null = null;
  #aborted: RequestAbortedError | null = null;

  // Positional, since it runs for every request.
  constructor(
    scope: CallScope,
    route: Route,
    version: number,
    correlationId: number,
    clientId: string | null,
    request: unknown,
  ) {
    this.api = route.api;
    this.apiVersion = version;
    this.correlationId = correlationId;
    this.clientId = clientId;
    this.state = scope.state;
    this.#scope = scope;
    this.#route = route;
    this.#request = request;
    this.#startedAt = scope.dispatch.events.response ? performance.now() : 0;
  }

  get connectionId(): string {
    return this.#scope.connection.id;
  }

  get principal(): Principal {
    return this.#scope.connection.principal;
  }

  get advertised(): Endpoint {
    return this.#scope.connection.advertised;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Why the request was aborted; null if it was not. */
  get aborted(): AbortCause | null {
    return this.#aborted?.cause ?? null;
  }

  /** Aborts the request unless it is aborted; returns the reason. */
  abort(cause: AbortCause): RequestAbortedError {
    if (this.#aborted === null) {
      this.#aborted = new RequestAbortedError(cause);
      this.#controller?.abort(this.#aborted);
    }
    return this.#aborted;
  }

  /** Whether an error is the reason of the abort, or has it as its cause, as Node's own AbortError does. */
  isAbort(error: unknown): boolean {
    if (this.#aborted === null) return false;
    return error === this.#aborted || (error instanceof Error && error.cause === this.#aborted);
  }

  /** Calls the backend's method, and encodes its response unless it returns a promise. */
  run(): FrameOutcome {
    const scope = this.#scope;
    let answer: unknown;
    let isPending: boolean;
    try {
      answer = this.#route.handler.call(scope.dispatch.backend, this.#request, this);
      isPending = isPromise(answer);
    } catch (error) {
      return this.fail(error);
    }
    if (!isPending) return this.respond(answer);
    scope.handlerStarted(this);
    return new PendingAnswer(this, answer as PromiseLike<unknown>, scope.dispatch.requestTimeoutMs);
  }

  complete(settlement: Settlement): typeof DONE | typeof CLOSE {
    if (this.#scope.isClosed) {
      this.dropLate(settlement);
      return CLOSE;
    }
    return 'value' in settlement ? this.respond(settlement.value) : this.fail(settlement.error);
  }

  dropLate(settlement: Settlement): void {
    if ('value' in settlement) this.release(settlement.value);
    else if (!this.isAbort(settlement.error)) this.reportError(settlement.error);
  }

  settled(): void {
    this.#scope.handlerSettled(this);
  }

  /** Emits `request`. */
  reportRequest(bytes: number): void {
    const { dispatch, connection } = this.#scope;
    const { api, apiVersion, correlationId, clientId } = this;
    dispatch.events.emit('request', { connection, api, apiVersion, correlationId, clientId, bytes });
  }

  /** Encodes the response that a handler returned. */
  private respond(response: unknown): typeof DONE | typeof CLOSE {
    const { dispatch } = this.#scope;
    const { codec, flexibleHeaderFrom } = this.#route;
    const version = this.apiVersion;
    let bytes = 0;
    let errorCode = 0;
    try {
      const { hasResponse } = this;
      if (!hasResponse || dispatch.events.response) errorCode = codec.findErrorCode(response, version);
      if (hasResponse) {
        const flexibleHeader = version >= flexibleHeaderFrom;
        bytes = encodeResponseFrame(dispatch, codec, version, flexibleHeader, this.correlationId, response);
      }
    } catch (error) {
      this.release(response);
      this.reportError(explainEncodeError((...args) => codec.writeResponse(...args), version, response, error));
      return this.respondError(ErrorCode.UNKNOWN_SERVER_ERROR, null);
    }
    this.#request = undefined;
    if (dispatch.events.response) this.reportResponse(errorCode, bytes);
    // Closing the connection is the only way to report rejected records to a producer with acks 0.
    return bytes === 0 && errorCode !== 0 ? CLOSE : DONE;
  }

  /** Encodes the error that a handler threw. */
  private fail(error: unknown): typeof DONE | typeof CLOSE {
    if (this.isAbort(error)) {
      if (this.aborted !== 'timeout') return CLOSE;
      this.reportError(error);
      return this.respondError(ErrorCode.REQUEST_TIMED_OUT, null);
    }
    // The backend ends the connection.
    if (error instanceof RequestAbortedError && error.cause === 'disconnect') return CLOSE;
    if (isKafkaError(error)) {
      const { hasResponse } = this;
      const outcome = this.respondError(error.errorCode, error.message === '' ? null : error.message);
      // The response has no field for the code, so the client does not receive it. It is reported to the operator
      // instead.
      if (outcome === CLOSE && hasResponse) this.reportError(error);
      return outcome;
    }
    this.reportError(error);
    return this.respondError(ErrorCode.UNKNOWN_SERVER_ERROR, null);
  }

  private respondError(errorCode: number, message: string | null): typeof DONE | typeof CLOSE {
    const { dispatch } = this.#scope;
    const { codec, flexibleHeaderFrom } = this.#route;
    const { apiVersion: version, correlationId } = this;
    const request = this.#request;
    const flexibleHeader = version >= flexibleHeaderFrom;
    const bytes = this.hasResponse
      ? encodeErrorResponse(dispatch, codec, version, flexibleHeader, correlationId, request, errorCode, message)
      : 0;
    this.#request = undefined;
    if (dispatch.events.response) this.reportResponse(errorCode, bytes);
    // Without a response, or without a field for the code, closing the connection is the only way to report the
    // failure.
    return bytes === 0 ? CLOSE : DONE;
  }

  /** False for Produce with acks 0. */
  private get hasResponse(): boolean {
    return this.#route.key !== PRODUCE_KEY || (this.#request as ProduceRequest).acks !== 0;
  }

  /** Releases the record memory of a response that is not written. */
  private release(response: unknown): void {
    try {
      this.#route.codec.releaseRecords?.(response, (error) => reportError(this.#scope, 'release', null, error));
    } catch {
      // In a response of the wrong shape no records can be found.
    }
  }

  private reportResponse(errorCode: number, bytes: number): void {
    // The listener was added while the request was being handled.
    if (this.#startedAt === 0) return;
    const { dispatch, connection } = this.#scope;
    const { api, apiVersion, correlationId, clientId } = this;
    const durationMs = performance.now() - this.#startedAt;
    const event = { connection, api, apiVersion, correlationId, clientId, durationMs, errorCode, bytes };
    dispatch.events.emit('response', event);
  }

  private reportError(error: unknown): void {
    reportError(this.#scope, this.api, this, error);
  }
}

/** By name and not by class alone: a backend may carry a second copy of this package. */
function isKafkaError(error: unknown): error is KafkaError {
  if (error instanceof KafkaError) return true;
  if (!(error instanceof Error) || error.name !== 'KafkaError') return false;
  return isFailureCode((error as { readonly errorCode?: unknown }).errorCode);
}
