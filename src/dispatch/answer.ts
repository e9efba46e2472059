import type { ApiCodec } from '../protocol/codec.js';
import type { Dispatch } from './dispatch.js';

/** Encodes a response frame; an error leaves nothing of it behind. Returns its size in bytes. */
export function encodeResponseFrame(
  { responses }: Dispatch,
  codec: ApiCodec,
  version: number,
  flexibleHeader: boolean,
  correlationId: number,
  response: unknown,
): number {
  const { writer } = responses;
  responses.beginFrame();
  try {
    writer.int32(correlationId);
    if (flexibleHeader) writer.noTaggedFields();
    codec.writeResponse(writer, response, version);
    return responses.endFrame();
  } catch (error) {
    responses.abandonFrame();
    throw error;
  }
}

/** Encodes a response that says nothing but a code: where no schema is known, or none has a place for it. */
export function encodeBareError(
  { responses }: Dispatch,
  flexibleHeader: boolean,
  correlationId: number,
  errorCode: number,
): void {
  const { writer } = responses;
  responses.beginFrame();
  writer.int32(correlationId);
  if (flexibleHeader) writer.noTaggedFields();
  writer.int16(errorCode);
  responses.endFrame();
}

/**
 * Answers a request with an error in its own shape, fanned out over what it asked for. False when the shape has no
 * place for an error (Metadata for all topics, before version 13): nothing was written then, for an answer without the
 * code would read as a success.
 */
export function encodeErrorResponse(
  dispatch: Dispatch,
  codec: ApiCodec,
  version: number,
  flexibleHeader: boolean,
  correlationId: number,
  request: unknown,
  errorCode: number,
  errorMessage: string | null,
): number {
  const encode = (message: string | null): number => {
    const response = codec.errorResponse(request, version, errorCode, message);
    if (codec.findErrorCode(response, version) === 0) return 0;
    return encodeResponseFrame(dispatch, codec, version, flexibleHeader, correlationId, response);
  };
  try {
    return encode(errorMessage);
  } catch {
    // It is the message, which is worth less than the answer: what the request named can be said again.
    return encode(null);
  }
}

/**
 * Answers a request that could not be read with an error at the top of the response. False where the version has no
 * code there: nothing was written then.
 */
export function encodeRejection(
  dispatch: Dispatch,
  codec: ApiCodec,
  version: number,
  flexibleHeader: boolean,
  correlationId: number,
  errorCode: number,
): boolean {
  const rejection = codec.rejection?.(version, errorCode, null);
  if (rejection === undefined || codec.findErrorCode(rejection, version) === 0) return false;
  encodeResponseFrame(dispatch, codec, version, flexibleHeader, correlationId, rejection);
  return true;
}
