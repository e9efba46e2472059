import { FrameLengthError } from '../../listener/frame-reader.js';
import { apiVersionsApi, type ApiVersionsResponse, DecodeError, ErrorCode, errorName } from '../../protocol/index.js';
import { answeredVersion, decodeResponseFrame } from '../../wire-client/index.js';
import { CommandError, describeError, FAILURE } from '../errors.js';
import { frameRequest, type GoldenRequest, type WireRequest } from './golden.js';
import type { ReconnectingClient } from './reconnecting-client.js';

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
export async function exchange(client: ReconnectingClient, request: GoldenRequest): Promise<Outcome> {
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
export async function askVersions(client: ReconnectingClient): Promise<(apiKey: number, version: number) => boolean> {
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

async function ask(client: ReconnectingClient, request: WireRequest): Promise<Answer> {
  const id = client.newCorrelationId();
  const frame = await client.ask(frameRequest(request, id));
  if (frame.correlationId !== id) {
    throw new Error(`an answer to correlation id ${String(frame.correlationId)} instead of ${String(id)}`);
  }
  const { api, version } = request;
  const value = decodeResponseFrame(api, version, frame);
  const errorCode = api.findErrorCode(value, answeredVersion(api, version, frame));
  return { bytes: 4 + frame.bytes.length, errorCode, value };
}

function explain(error: unknown): string {
  if (error instanceof FrameLengthError) return `an answer that says it has ${String(error.length)} bytes`;
  return error instanceof DecodeError ? `the answer does not decode: ${error.message}` : describeError(error);
}
