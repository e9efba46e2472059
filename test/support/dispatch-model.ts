import { apis, hasFlexibleResponseHeader, isFlexible, Reader } from 'iggy-gateway-kafka/protocol';
import type { ApiCodec, ApiVersionsRequest, VersionRange } from 'iggy-gateway-kafka/protocol';
import type { Backend } from 'iggy-gateway-kafka';
import { codecOf, encodeBody } from './golden.js';
import { codecs } from '../../src/protocol/codecs.js';

// What a gateway owes for a stream of bytes, said a second time and plainly: one frame after the other, whole buffers,
// nothing shared between requests. Codecs are the gateway's own; other tests hold those against golden bytes.

/** What decides about answers. */
export interface Modelled {
  /** Answers at once, and the same twice. */
  readonly backend: Backend;
  /** The code with which a request fails in the handler, by its correlation id; 0 for none. */
  readonly failure: (correlationId: number) => number;
  readonly onUnsupportedVersion: 'respond' | 'close';
  readonly maxFrameBytes: number;
  readonly advertised: { readonly host: string; readonly port: number };
}

export interface OwedAnswer {
  /** For messages of failures. */
  readonly title: string;
  readonly correlationId: number;
  /** What follows the correlation id. */
  readonly body: Buffer;
  /** The API and version whose schema the body has; null for the bare code of a request without a schema. */
  readonly schema: { readonly apiKey: number; readonly version: number } | null;
}

/** What is reported beside an answer, or instead of one. */
export type OwedEvent = 'protocolError' | 'requestError' | 'unsupportedVersion';

export interface Owed {
  readonly answers: readonly OwedAnswer[];
  readonly events: readonly OwedEvent[];
  /** Whether the gateway closes after those. */
  readonly closed: boolean;
  /** Whether the stream ends with a whole frame. */
  readonly whole: boolean;
}

interface Outcome {
  readonly answer?: OwedAnswer;
  readonly event?: OwedEvent;
  readonly closed?: boolean;
}

interface Request {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  /** From the client id on. */
  readonly rest: Buffer;
}

const PRODUCE = 0;
const API_VERSIONS = 18;
const UNKNOWN_SERVER_ERROR = -1;
const UNSUPPORTED_VERSION = 35;
const INVALID_REQUEST = 42;
const SOFTWARE = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** What is owed for everything up to the end of the stream. */
export function owedFor(stream: Buffer, gateway: Modelled): Owed {
  const answers: OwedAnswer[] = [];
  const events: OwedEvent[] = [];
  let at = 0;
  while (stream.length - at >= 4) {
    const length = stream.readInt32BE(at);
    const valid = length > 0 && length <= gateway.maxFrameBytes;
    if (valid && stream.length - at - 4 < length) break;
    const outcome = valid ? outcomeOf(stream.subarray(at + 4, at + 4 + length), gateway) : BROKEN;
    if (outcome.answer) answers.push(outcome.answer);
    if (outcome.event) events.push(outcome.event);
    if (outcome.closed) return { answers, events, closed: true, whole: false };
    at += 4 + length;
  }
  return { answers, events, closed: false, whole: at === stream.length };
}

const BROKEN: Outcome = { event: 'protocolError', closed: true };

function outcomeOf(frame: Buffer, gateway: Modelled): Outcome {
  if (frame.length < 8) return BROKEN;
  const apiKey = frame.readInt16BE(0);
  const version = frame.readInt16BE(2);
  const correlationId = frame.readInt32BE(4);
  const asked: Request = { apiKey, version, correlationId, rest: frame.subarray(8) };
  const allowed = allowedVersions(apiKey, gateway.backend);
  if (allowed === null || version < allowed.min || version > allowed.max) return refusal(asked, gateway);
  const codec = codecOf({ apiKey });
  const request = decode(asked, codec);
  if (request === null) {
    const rejection = codec.rejection?.(version, INVALID_REQUEST, null);
    if (rejection === undefined || codec.findErrorCode(rejection, version) === 0) return BROKEN;
    return { ...BROKEN, answer: answerOf(codec, asked, rejection) };
  }
  const failed = apiKey === API_VERSIONS ? 0 : gateway.failure(correlationId);
  if (failed !== 0) {
    const outcome = errorOutcome(codec, asked, request, failed);
    // Where the client cannot be told, the operator is.
    const told = outcome.answer !== undefined || isUnanswered(apiKey, request);
    return failed === UNKNOWN_SERVER_ERROR || !told ? { ...outcome, event: 'requestError' } : outcome;
  }
  const response = responseTo(asked, request, gateway);
  if (isUnanswered(apiKey, request)) return codec.findErrorCode(response, version) === 0 ? {} : { closed: true };
  try {
    return { answer: answerOf(codec, asked, response) };
  } catch {
    return { event: 'requestError', ...errorOutcome(codec, asked, request, UNKNOWN_SERVER_ERROR) };
  }
}

/** An error in the shape of the API; without a place for it, or where none is awaited, the end of the connection. */
function errorOutcome(codec: ApiCodec, asked: Request, request: object, code: number): Outcome {
  if (isUnanswered(asked.apiKey, request)) return { closed: true };
  try {
    const response = codec.errorResponse(request, asked.version, code, null);
    if (codec.findErrorCode(response, asked.version) === 0) return { closed: true };
    return { answer: answerOf(codec, asked, response) };
  } catch {
    return { closed: true };
  }
}

function refusal(asked: Request, gateway: Modelled): Outcome {
  const { apiKey, version, correlationId, rest } = asked;
  if (apiKey === API_VERSIONS) {
    const response = { errorCode: UNSUPPORTED_VERSION, apiKeys: advertised(gateway.backend) };
    return { event: 'unsupportedVersion', answer: answerOf(codecOf({ apiKey }), { ...asked, version: 0 }, response) };
  }
  if (gateway.onUnsupportedVersion === 'close') return { event: 'unsupportedVersion', closed: true };
  const codec = codecs.get(apiKey);
  const known = codec && version >= codec.versions.min && version <= codec.versions.max ? codec : undefined;
  const request = known ? decode(asked, known) : null;
  if (acksOf(asked, rest) === 0) return { event: 'unsupportedVersion' };
  if (known && request !== null) {
    const { answer } = errorOutcome(known, asked, request, UNSUPPORTED_VERSION);
    if (answer) return { event: 'unsupportedVersion', answer };
  }
  const rejection = request === null ? known?.rejection?.(version, UNSUPPORTED_VERSION, null) : undefined;
  if (known && rejection !== undefined && known.findErrorCode(rejection, version) !== 0) {
    return { event: 'unsupportedVersion', answer: answerOf(known, asked, rejection) };
  }
  const flexibleFrom = apis.find(({ key }) => key === apiKey)?.flexibleFrom ?? -1;
  const flexible = hasFlexibleResponseHeader(apiKey, flexibleFrom, version);
  const body = Buffer.of(...(flexible ? [0] : []), 0, UNSUPPORTED_VERSION);
  return { event: 'unsupportedVersion', answer: { title: titleOf(asked), correlationId, body, schema: null } };
}

/** The acks of a Produce, whatever comes behind them; null where there are none to see. */
function acksOf({ apiKey, version }: Request, rest: Buffer): number | null {
  if (apiKey !== PRODUCE) return null;
  const flexible = isFlexible(9, version);
  try {
    const reader = new Reader(rest);
    reader.nullableString(false);
    if (flexible) reader.skipTaggedFields();
    if (version >= 3) reader.nullableString(flexible);
    return reader.int16();
  } catch {
    return null;
  }
}

function isUnanswered(apiKey: number, request: object): boolean {
  return apiKey === PRODUCE && (request as { acks: number }).acks === 0;
}

function decode({ version, rest }: Request, codec: ApiCodec): object | null {
  try {
    const reader = new Reader(rest);
    reader.nullableString(false);
    if (isFlexible(codec.flexibleFrom, version)) reader.skipTaggedFields();
    return codec.readRequest(reader, version) as object;
  } catch {
    return null;
  }
}

function responseTo(
  { apiKey, version }: Request,
  request: object,
  { backend, advertised: endpoint }: Modelled,
): unknown {
  if (apiKey === API_VERSIONS) {
    const { clientSoftwareName, clientSoftwareVersion, clusterId, nodeId } = request as ApiVersionsRequest;
    const named = SOFTWARE.test(clientSoftwareName) && SOFTWARE.test(clientSoftwareVersion);
    // No backend here says which broker it is: what the client expects is not compared, but names both or neither.
    const half = version >= 5 && (clusterId === null) !== (nodeId === -1);
    if ((version >= 3 && !named) || half) return { errorCode: INVALID_REQUEST, apiKeys: [] };
    return { errorCode: 0, apiKeys: advertised(backend) };
  }
  const handlers = backend as unknown as Record<string, (request: object, context: object) => unknown>;
  return handlers[methodOf(apiKey)!]!(request, { advertised: endpoint });
}

function answerOf(codec: ApiCodec, asked: Request, response: unknown): OwedAnswer {
  const { version, correlationId } = asked;
  const flexible = hasFlexibleResponseHeader(codec.key, codec.flexibleFrom, version);
  const body = Buffer.concat([Buffer.alloc(flexible ? 1 : 0), encodeBody(codec, 'response', version, response)]);
  return { title: titleOf(asked), correlationId, body, schema: { apiKey: codec.key, version } };
}

function advertised(backend: Backend): object[] {
  return apis.flatMap(({ key }) => {
    const range = allowedVersions(key, backend);
    if (range === null) return [];
    return { apiKey: key, minVersion: key === PRODUCE ? 0 : range.min, maxVersion: range.max };
  });
}

/** The versions that a gateway with this backend allows. */
export function allowedVersions(apiKey: number, backend: Backend): VersionRange | null {
  const method = methodOf(apiKey);
  if (method === undefined || (apiKey !== API_VERSIONS && !(method in backend))) return null;
  const { versions } = codecOf({ apiKey });
  const narrowed = backend.versions?.[method] ?? versions;
  return { min: Math.max(versions.min, narrowed.min), max: Math.min(versions.max, narrowed.max) };
}

function methodOf(apiKey: number): (typeof apis)[number]['method'] {
  return apis.find(({ key }) => key === apiKey)?.method;
}

function titleOf({ apiKey, version, correlationId }: Request): string {
  return `key ${String(apiKey)} v${String(version)}, correlation id ${String(correlationId)}`;
}
