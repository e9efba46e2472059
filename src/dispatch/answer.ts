import type { ApiCodec } from '../protocol/codec.js';
import type { Dispatch } from './dispatch.js';

/** Encodes a response frame and returns its size in bytes. If it throws, the partial frame is discarded. */
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

/**
 * Encodes a response that contains only an error code, for APIs without a known schema or without a field for the
 * error.
 */
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
 * Answers a request with an error response of its API, with the error for each requested item. Returns false and writes
 * nothing if the response has no field for an error (Metadata for all topics, before version 13), because a response
 * without the code would mean success.
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
    // The error message does not fit. It is dropped, because the response matters more.
    return encode(null);
  }
}

/**
 * Answers a request that could not be decoded with a top-level error code. Returns false and writes nothing if the
 * version has no such field.
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
