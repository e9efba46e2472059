import {
  apiVersionsApi,
  type ApiVersionsResponse,
  DecodeError,
  ErrorCode,
  errorName,
  hasFlexibleResponseHeader,
  Reader,
  readResponseHeader,
} from '../../protocol/index.js';
import { CommandError, describeError, FAILURE } from '../errors.js';
import { frameRequest, type GoldenRequest, type WireRequest } from './golden.js';
import type { WireClient } from './wire-client.js';

/** What came of one request. */
export interface Outcome {
  readonly ok: boolean;
  /** For people, on one line. */
  readonly text: string;
}

/** A decoded answer. */
interface Answer {
  readonly bytes: number;
  readonly errorCode: number;
  readonly value: unknown;
}

/** The question that every server understands. */
const VERSIONS_REQUEST: WireRequest = { api: apiVersionsApi, version: 0, body: Buffer.alloc(0) };

/** Sends a request and judges the answer: whether it comes, belongs to the request and decodes. An error code is no failure. */
export async function exchange(client: WireClient, request: GoldenRequest): Promise<Outcome> {
  try {
    if (request.unanswered) {
      // What follows on the same connection shows that this was read, and that nothing was answered.
      await client.send(frameRequest(request, client.newCorrelationId()));
      await ask(client, VERSIONS_REQUEST);
      return { ok: true, text: 'not to be answered (acks 0); the next request was' };
    }
    const { bytes, errorCode } = await ask(client, request);
    return { ok: true, text: `${String(bytes)} bytes, ${errorName(errorCode)} (${String(errorCode)})` };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    client.close();
    return { ok: false, text: `FAILED: ${explain(error)}` };
  }
}

/** Which versions the server allows, by API key. @throws CommandError when it does not say. */
export async function askVersions(client: WireClient): Promise<(apiKey: number, version: number) => boolean> {
  try {
    const { value, errorCode } = await ask(client, VERSIONS_REQUEST);
    if (errorCode !== ErrorCode.NONE) throw new Error(`${errorName(errorCode)} (${String(errorCode)})`);
    const { apiKeys } = value as ApiVersionsResponse;
    return (key, version) =>
      apiKeys.some((api) => api.apiKey === key && api.minVersion <= version && version <= api.maxVersion);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(FAILURE, `the server does not say which versions it has: ${explain(error)}`);
  }
}

async function ask(client: WireClient, request: WireRequest): Promise<Answer> {
  const id = client.newCorrelationId();
  const frame = await client.ask(frameRequest(request, id));
  const { api } = request;
  const reader = new Reader(frame);
  const header = readResponseHeader(reader, hasFlexibleResponseHeader(api.key, api.flexibleFrom, request.version));
  if (header.correlationId !== id) {
    throw new Error(`an answer to correlation id ${String(header.correlationId)} instead of ${String(id)}`);
  }
  const version = answeredVersion(request, frame, reader.position);
  const value = api.readResponse(reader, version);
  reader.expectEnd();
  return { bytes: 4 + frame.length, errorCode: api.findErrorCode(value, version), value };
}

/** ApiVersions in a version that the server does not have is answered in version 0, which begins with that error. */
function answeredVersion({ api, version }: WireRequest, frame: Buffer, at: number): number {
  const isApiVersions = api.key === apiVersionsApi.key;
  const refused = isApiVersions && frame.length >= at + 2 && frame.readInt16BE(at) === ErrorCode.UNSUPPORTED_VERSION;
  return refused ? 0 : version;
}

function explain(error: unknown): string {
  return error instanceof DecodeError ? `the answer does not decode: ${error.message}` : describeError(error);
}
