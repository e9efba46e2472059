import type { ConnectionInfo } from '../contract/index.js';
import { CLOSE, DONE, type FrameOutcome, type PendingFrame } from '../listener/frame-handler.js';
import type { ApiCodec } from '../protocol/codec.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { API_VERSIONS_KEY, hasFlexibleResponseHeader, isFlexible } from '../protocol/header.js';
import { apiVersionsApi } from '../protocol/messages/api-versions.js';
import { encodeBareError, encodeErrorResponse, encodeRejection, encodeResponseFrame } from './answer.js';
import type { Dispatch } from './dispatch.js';
import { PRODUCE_KEY } from './firewall.js';

/** A request that the firewall's table does not allow. */
interface Refused {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  readonly bytes: Buffer;
  /** Offset of the request after API key, version and correlation id. */
  readonly start: number;
  readonly end: number;
}

/** First version of Produce with a transactional id before the acks. */
const TRANSACTIONAL_ID_SINCE = 3;

/** Answers UNSUPPORTED_VERSION in the best available response format, or closes the connection if so configured. */
export function refuse(dispatch: Dispatch, connection: ConnectionInfo, refused: Refused): FrameOutcome {
  const { firewall, events } = dispatch;
  const { apiKey, version, correlationId } = refused;
  const closed = dispatch.onUnsupportedVersion === 'close' && apiKey !== API_VERSIONS_KEY;
  if (events.has('unsupportedVersion')) {
    const apiName = firewall.info(apiKey)?.name ?? null;
    events.emit('unsupportedVersion', { connection, apiKey, apiName, apiVersion: version, correlationId, closed });
  }
  if (closed) return CLOSE;
  if (apiKey === API_VERSIONS_KEY) {
    // The client retries with a version from this list. Every client can read version 0.
    const response = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: firewall.advertised };
    encodeResponseFrame(dispatch, apiVersionsApi, 0, false, correlationId, response);
    return DONE;
  }
  const codec = firewall.codec(apiKey, version);
  if (codec instanceof Promise) return new WaitForCodec(codec, dispatch, refused);
  answerRefused(dispatch, codec, refused);
  return DONE;
}

/** Loads the codec for the first rejected request of an API. The frames behind it wait. */
class WaitForCodec implements PendingFrame {
  #codec: ApiCodec | undefined;

  constructor(
    private readonly loading: Promise<ApiCodec>,
    private readonly dispatch: Dispatch,
    private readonly refused: Refused,
  ) {}

  whenSettled(callback: () => void): void {
    this.loading.then((codec) => {
      this.#codec = codec;
      callback();
    }, callback);
  }

  complete(): typeof DONE {
    answerRefused(this.dispatch, this.#codec, this.refused);
    return DONE;
  }
}

function answerRefused(dispatch: Dispatch, codec: ApiCodec | undefined, refused: Refused): void {
  const { apiKey, version, correlationId } = refused;
  const flexibleFrom = dispatch.firewall.info(apiKey)?.flexibleFrom ?? -1;
  const flexibleHeader = hasFlexibleResponseHeader(apiKey, flexibleFrom, version);
  const wanted = !wantsNoAnswer(dispatch, refused, flexibleFrom);
  const request = wanted && codec ? readRefused(dispatch, codec, flexibleFrom, refused) : undefined;
  dispatch.reader.clear();
  if (!wanted) return;
  const code = ErrorCode.UNSUPPORTED_VERSION;
  const answered =
    codec !== undefined &&
    (request === undefined
      ? encodeRejection(dispatch, codec, version, flexibleHeader, correlationId, code)
      : encodeErrorResponse(dispatch, codec, version, flexibleHeader, correlationId, request, code, null) > 0);
  if (!answered) encodeBareError(dispatch, flexibleHeader, correlationId, code);
}

/**
 * Decodes the request for its topics and partitions. Returns undefined if that fails: the request is rejected anyway.
 */
function readRefused(dispatch: Dispatch, codec: ApiCodec, flexibleFrom: number, refused: Refused): unknown {
  const { reader } = dispatch;
  try {
    reader.reset(refused.bytes, refused.start, refused.end, dispatch.maxDecodedElements);
    reader.nullableString(false);
    if (isFlexible(flexibleFrom, refused.version)) reader.skipTaggedFields();
    return codec.readRequest(reader, refused.version);
  } catch {
    return undefined;
  }
}

/** Whether it is Produce with acks 0. It is never answered: the client would match the response to another request. */
function wantsNoAnswer(dispatch: Dispatch, refused: Refused, flexibleFrom: number): boolean {
  if (refused.apiKey !== PRODUCE_KEY) return false;
  const { reader } = dispatch;
  const flexible = isFlexible(flexibleFrom, refused.version);
  try {
    reader.reset(refused.bytes, refused.start, refused.end, 0);
    reader.nullableString(false);
    if (flexible) reader.skipTaggedFields();
    // Skips the transactional id. In older versions, the body begins with the acks.
    if (refused.version >= TRANSACTIONAL_ID_SINCE) reader.nullableString(flexible);
    return reader.int16() === 0;
  } catch {
    return false;
  }
}
