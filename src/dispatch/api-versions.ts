import type { BrokerIdentity, RequestContext } from '../contract/index.js';
import { ErrorCode } from '../protocol/error-codes.js';
import type { ApiVersionsRequest, ApiVersionsResponseInit } from '../protocol/messages/api-versions.js';
import { Writer } from '../protocol/writer.js';
import type { ApiCodec } from '../protocol/codec.js';

/** Valid client software names and versions, which are sent from version 3 on (KIP-511). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
const SOFTWARE_SINCE = 3;
const LEVEL_0_SINCE = 4;
const NO_NODE_ID = -1;

/**
 * Answers ApiVersions with exactly the versions that the firewall allows. A client that expects another broker receives
 * REBOOTSTRAP_REQUIRED (KIP-1242).
 *
 * @param identity - Returns the identity of this broker, or null to accept every client. Called only if the client
 * sends an expected identity.
 */
export function answerApiVersions(
  answer: ApiVersionsResponseInit,
  request: ApiVersionsRequest,
  context: RequestContext,
  identity: () => BrokerIdentity | null,
): ApiVersionsResponseInit {
  if (context.apiVersion >= SOFTWARE_SINCE && !isSoftware(request)) return refused(ErrorCode.INVALID_REQUEST);
  const { clusterId, nodeId } = request;
  // Versions before 5 carry neither field, so both hold their defaults.
  if (clusterId === null && nodeId === NO_NODE_ID) return answer;
  if (clusterId === null || nodeId === NO_NODE_ID) return refused(ErrorCode.INVALID_REQUEST);
  const own = identity();
  if (own !== null && (clusterId !== own.clusterId || nodeId !== own.nodeId)) {
    return refused(ErrorCode.REBOOTSTRAP_REQUIRED);
  }
  return answer;
}

function refused(errorCode: number): ApiVersionsResponseInit {
  return { errorCode, apiKeys: [] };
}

/** All clients receive the same response, so it is encoded once for each version. */
export function encodeOnce(codec: ApiCodec, answer: ApiVersionsResponseInit): ApiCodec {
  const encoded: (Uint8Array | undefined)[] = [];
  return {
    ...codec,
    writeResponse(writer, response, version) {
      if (response !== answer) {
        codec.writeResponse(writer, response, version);
        return;
      }
      writer.raw((encoded[version] ??= encode(codec, forVersion(answer, version), version)));
    },
  };
}

/** Older clients fail on a feature that supports level 0, so Kafka omits it for them (KAFKA-17492). */
function forVersion(answer: ApiVersionsResponseInit, version: number): ApiVersionsResponseInit {
  if (version >= LEVEL_0_SINCE) return answer;
  return { ...answer, supportedFeatures: answer.supportedFeatures?.filter(({ minVersion }) => minVersion > 0) };
}

function encode(codec: ApiCodec, response: unknown, version: number): Uint8Array {
  const writer = new Writer();
  codec.writeResponse(writer, response, version);
  return Buffer.concat([writer.take()].flat());
}

// The last valid pair. A client sends the same pair on every connection, and many clients send the same one.
let goodName = '';
let goodVersion = '';

function isSoftware({ clientSoftwareName: name, clientSoftwareVersion: version }: ApiVersionsRequest): boolean {
  if (name === goodName && version === goodVersion && name !== '') return true;
  if (!SOFTWARE.test(name) || !SOFTWARE.test(version)) return false;
  goodName = name;
  goodVersion = version;
  return true;
}
