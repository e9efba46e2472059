import { type AbortCause, type ConnectionInfo, KafkaError, RequestAborted } from '../contract.js';
import { isPromise as isThenable } from '../awaitable.js';
import { CLOSE, DONE, type FrameHandler, type FrameOutcome } from '../listener/frame-handler.js';
import { explainEncodeError } from '../protocol/encode-trace.js';
import { ErrorCode, isFailureCode } from '../protocol/error-codes.js';
import { DecodeError } from '../protocol/errors.js';
import type { ProduceRequest } from '../protocol/messages/produce.js';
import { encodeErrorResponse, encodeRejection, encodeResponseFrame } from './answer.js';
import { Context } from './context.js';
import type { Dispatch } from './dispatch.js';
import { PRODUCE_KEY, type Route } from './firewall.js';
import { PendingRequest } from './pending-request.js';
import { refuse } from './refusal.js';

/** Api key, version and correlation id: what every request header begins with. */
const HEADER_START_BYTES = 8;

/** A frame of more than this is let go of as soon as it is decoded; a smaller one once the next is. */
const LARGE_FRAME_BYTES = 64 * 1024;

/**
 * The frames of one connection, from header to encoded answer: firewall, decode, the backend's method, encode. A
 * handler that answers at once is answered within the same call.
 */
export class Session implements FrameHandler {
  private readonly dispatch: Dispatch;
  private readonly connection: ConnectionInfo;
  private state: unknown = undefined;
  private connected = false;
  private pending: PendingRequest | null = null;
  /** Handlers that have not settled; those whose time was over among them. */
  private running = 0;
  private gone = false;

  private readonly onGone: () => void;

  /** @param onGone - Called when the connection is closed and its last handler has settled. */
  constructor(dispatch: Dispatch, connection: ConnectionInfo, onGone: () => void) {
    this.dispatch = dispatch;
    this.connection = connection;
    this.onGone = onGone;
  }

  connect(): PromiseLike<void> | null {
    const { backend } = this.dispatch;
    try {
      const state: unknown = backend.connect?.(this.connection);
      if (!isThenable(state)) {
        this.welcome(state);
        return null;
      }
      this.running++;
      // A real promise: a thenable may call back twice, throw within then, or return nothing from it.
      return Promise.resolve(state).then(
        (settled) => {
          this.welcome(settled);
          this.handlerSettled();
        },
        (error: unknown) => {
          this.reportError('connect', null, error);
          this.handlerSettled();
          throw error;
        },
      );
    } catch (error) {
      this.reportError('connect', null, error);
      throw error;
    }
  }

  handle(bytes: Buffer, start: number, end: number): FrameOutcome {
    const dispatch = this.dispatch;
    const { reader, events } = dispatch;
    if (end - start < HEADER_START_BYTES) return this.badHeader(end - start);
    const apiKey = ((bytes[start]! << 24) | (bytes[start + 1]! << 16)) >> 16;
    const version = ((bytes[start + 2]! << 24) | (bytes[start + 3]! << 16)) >> 16;
    const correlationId =
      (bytes[start + 4]! << 24) | (bytes[start + 5]! << 16) | (bytes[start + 6]! << 8) | bytes[start + 7]!;
    const route = dispatch.firewall.route(apiKey, version);
    if (route === undefined) {
      const refused = { apiKey, version, correlationId, bytes, start: start + HEADER_START_BYTES, end };
      return refuse(dispatch, this.connection, refused);
    }
    let clientId: string | null;
    let request: unknown;
    try {
      reader.reset(bytes, start + HEADER_START_BYTES, end, dispatch.maxDecodedElements);
      clientId = reader.nullableString(false);
      if (version >= route.flexibleFrom) reader.skipTaggedFields();
      request = route.codec.readRequest(reader, version);
    } catch (error) {
      return this.undecodable(route, version, correlationId, error);
    }
    if (reader.remaining > 0) dispatch.counters.trailingBytes++;
    if (end - start > LARGE_FRAME_BYTES) reader.clear();
    const context = new Context(route.api, version, correlationId, clientId, this.connection, this.state);
    const startedAt = events.response ? performance.now() : 0;
    if (events.request) this.reportRequest(context, end - start);
    let answer: unknown;
    let waits: boolean;
    try {
      answer = route.handler.call(dispatch.backend, request, context);
      waits = isThenable(answer);
    } catch (error) {
      return this.fail(route, request, context, startedAt, error);
    }
    if (!waits) return this.answer(route, request, context, startedAt, answer);
    const promised = answer as PromiseLike<unknown>;
    return this.wait(new PendingRequest(this, route, request, context, startedAt, promised));
  }

  /** Encodes what a handler answered. */
  answer(
    route: Route,
    request: unknown,
    context: Context,
    startedAt: number,
    response: unknown,
  ): typeof DONE | typeof CLOSE {
    const dispatch = this.dispatch;
    const version = context.apiVersion;
    const { codec } = route;
    let bytes = 0;
    let errorCode = 0;
    try {
      const unanswered = isUnanswered(route, request);
      if (unanswered || dispatch.events.response) errorCode = codec.findErrorCode(response, version);
      if (!unanswered) {
        const flexibleHeader = version >= route.flexibleHeaderFrom;
        bytes = encodeResponseFrame(dispatch, codec, version, flexibleHeader, context.correlationId, response);
      }
    } catch (error) {
      this.drop(route, response);
      const explained = explainEncodeError((...args) => codec.writeResponse(...args), version, response, error);
      this.reportError(context.api, context, explained);
      return this.answerError(route, request, context, startedAt, ErrorCode.UNKNOWN_SERVER_ERROR, null);
    }
    if (dispatch.events.response) this.reportResponse(context, startedAt, errorCode, bytes);
    // Nothing tells a producer without acks that its records were refused, but the end of its connection.
    return bytes === 0 && errorCode !== 0 ? CLOSE : DONE;
  }

  /** Encodes what a handler threw. */
  fail(
    route: Route,
    request: unknown,
    context: Context,
    startedAt: number,
    error: unknown,
  ): typeof DONE | typeof CLOSE {
    if (context.isAbort(error)) {
      if (context.aborted !== 'timeout') return CLOSE;
      this.reportError(context.api, context, error);
      return this.answerError(route, request, context, startedAt, ErrorCode.REQUEST_TIMED_OUT, null);
    }
    // The backend gives the connection up.
    if (error instanceof RequestAborted && error.cause === 'disconnect') return CLOSE;
    if (isKafkaError(error)) {
      const message = error.message === '' ? null : error.message;
      const outcome = this.answerError(route, request, context, startedAt, error.code, message);
      // Where the response has no place for a code, the client learns nothing: the operator must.
      if (outcome === CLOSE && !isUnanswered(route, request)) this.reportError(context.api, context, error);
      return outcome;
    }
    this.reportError(context.api, context, error);
    return this.answerError(route, request, context, startedAt, ErrorCode.UNKNOWN_SERVER_ERROR, null);
  }

  /** Gives back what a response holds that will not be written. */
  drop(route: Route, response: unknown): void {
    try {
      route.codec.releaseRecords?.(response, (error) => this.releaseFailed(error));
    } catch {
      // A response of the wrong shape holds no records that could be found.
    }
  }

  /** A pending handler has settled, or its connect has. */
  settled(pending: PendingRequest): void {
    if (this.pending === pending) this.pending = null;
    this.handlerSettled();
  }

  get requestTimeoutMs(): number {
    return this.dispatch.requestTimeoutMs;
  }

  get closedByClient(): boolean {
    return this.gone;
  }

  /** A handler failed after its answer had become irrelevant. */
  reportLate(context: Context, error: unknown): void {
    if (!context.isAbort(error)) this.reportError(context.api, context, error);
  }

  badFrame(error: Error): void {
    this.reportProtocolError(error, null, null);
  }

  abort(cause: AbortCause): void {
    this.pending?.abort(cause);
  }

  failed(error: Error): void {
    const { events } = this.dispatch;
    if (events.has('connectionError')) events.emit('connectionError', { connection: this.connection, error });
  }

  releaseFailed(error: unknown): void {
    this.reportError('release', null, error);
  }

  closed(): void {
    this.gone = true;
    this.pending?.abort('disconnect');
    if (this.running === 0) this.goodbye();
  }

  private welcome(state: unknown): void {
    this.state = state;
    this.connected = true;
  }

  private wait(pending: PendingRequest): PendingRequest {
    this.pending = pending;
    this.running++;
    return pending;
  }

  private handlerSettled(): void {
    this.running--;
    if (this.gone && this.running === 0) this.goodbye();
  }

  private goodbye(): void {
    const done = (): void => {
      this.dispatch.events.emit('disconnect', this.connection);
      this.onGone();
    };
    const failed = (error: unknown): void => {
      this.reportError('disconnect', null, error);
      done();
    };
    if (!this.connected) {
      done();
      return;
    }
    try {
      const left: unknown = this.dispatch.backend.disconnect?.(this.connection, this.state);
      if (isThenable(left)) Promise.resolve(left).then(done, failed);
      else done();
    } catch (error) {
      failed(error);
    }
  }

  private answerError(
    route: Route,
    request: unknown,
    context: Context,
    startedAt: number,
    errorCode: number,
    message: string | null,
  ): typeof DONE | typeof CLOSE {
    const dispatch = this.dispatch;
    const version = context.apiVersion;
    const flexibleHeader = version >= route.flexibleHeaderFrom;
    const bytes = isUnanswered(route, request)
      ? 0
      : encodeErrorResponse(
          dispatch,
          route.codec,
          version,
          flexibleHeader,
          context.correlationId,
          request,
          errorCode,
          message,
        );
    if (dispatch.events.response) this.reportResponse(context, startedAt, errorCode, bytes);
    // Nothing owed, or no place for the code: the end of the connection is the only way to say that it failed.
    return bytes === 0 ? CLOSE : DONE;
  }

  private badHeader(length: number): typeof CLOSE {
    const error = new DecodeError('TRUNCATED', length, `a request of ${String(length)} bytes has no header`);
    this.badFrame(error);
    return CLOSE;
  }

  private undecodable(route: Route, version: number, correlationId: number, error: unknown): typeof CLOSE {
    const dispatch = this.dispatch;
    dispatch.reader.clear();
    const reported = error instanceof DecodeError ? error.in(`${route.codec.name} request v${String(version)}`) : error;
    this.reportProtocolError(reported as Error, route.key, version);
    const flexibleHeader = version >= route.flexibleHeaderFrom;
    encodeRejection(dispatch, route.codec, version, flexibleHeader, correlationId, ErrorCode.INVALID_REQUEST);
    return CLOSE;
  }

  private reportProtocolError(error: Error, apiKey: number | null, version: number | null): void {
    const { events } = this.dispatch;
    if (events.has('protocolError'))
      events.emit('protocolError', { connection: this.connection, error, apiKey, version });
  }

  private reportRequest(context: Context, bytes: number): void {
    const { api, apiVersion: version, correlationId, clientId } = context;
    this.dispatch.events.emit('request', {
      connection: this.connection,
      api,
      version,
      correlationId,
      clientId,
      bytes,
    });
  }

  private reportResponse(context: Context, startedAt: number, errorCode: number, bytes: number): void {
    // It began before anyone listened.
    if (startedAt === 0) return;
    const { api, apiVersion: version, correlationId, clientId } = context;
    const durationMs = performance.now() - startedAt;
    const connection = this.connection;
    const event = { connection, api, version, correlationId, clientId, durationMs, errorCode, bytes };
    this.dispatch.events.emit('response', event);
  }

  private reportError(
    api: Context['api'] | 'connect' | 'disconnect' | 'release',
    context: Context | null,
    error: unknown,
  ): void {
    const { backend, events, warnings } = this.dispatch;
    if (events.has('requestError')) {
      events.emit('requestError', { connection: this.connection, backend: backend.name, api, context, error });
    } else {
      warnings.warn({ backend: backend.name, api, version: context?.apiVersion ?? null, error });
    }
  }
}

function isUnanswered(route: Route, request: unknown): boolean {
  return route.key === PRODUCE_KEY && (request as ProduceRequest).acks === 0;
}

/** By name and not by class alone: a backend may carry a second copy of this package. */
function isKafkaError(error: unknown): error is KafkaError {
  if (error instanceof KafkaError) return true;
  if (!(error instanceof Error) || error.name !== 'KafkaError') return false;
  return isFailureCode((error as { readonly code?: unknown }).code);
}
