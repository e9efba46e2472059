import type { BrokerIdentity, RequestContext } from '../contract/index.js';
import { ErrorCode } from '../protocol/error-codes.js';
import type { ApiVersionsRequest, ApiVersionsResponseInit } from '../protocol/messages/api-versions.js';
import { Writer } from '../protocol/writer.js';
import type { ApiCodec } from '../protocol/codec.js';

/** What a client may call its software since version 3 (KIP-511). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
const SOFTWARE_SINCE = 3;
const LEVEL_0_SINCE = 4;
const NO_NODE_ID = -1;

/**
 * The gateway's own answer to ApiVersions: exactly what the firewall allows. A client that expects another broker than
 * this one gets REBOOTSTRAP_REQUIRED (KIP-1242).
 *
 * @param identity - Returns which broker this is; null to accept whatever the client expects. Called only for a client that
 * expects one.
 */
export function answerApiVersions(
  answer: ApiVersionsResponseInit,
  request: ApiVersionsRequest,
  context: RequestContext,
  identity: () => BrokerIdentity | null,
): ApiVersionsResponseInit {
  if (context.apiVersion >= SOFTWARE_SINCE && !isSoftware(request)) return refused(ErrorCode.INVALID_REQUEST);
  const { clusterId, nodeId } = request;
  // Neither is carried before version 5, and each holds its default then.
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

/** Every client gets the same answer: its bytes are made once for each version. */
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

/** Older clients fail over a feature that can be switched off, so Kafka leaves it out for them (KAFKA-17492). */
function forVersion(answer: ApiVersionsResponseInit, version: number): ApiVersionsResponseInit {
  if (version >= LEVEL_0_SINCE) return answer;
  return { ...answer, supportedFeatures: answer.supportedFeatures?.filter(({ minVersion }) => minVersion > 0) };
}

function encode(codec: ApiCodec, response: unknown, version: number): Uint8Array {
  const writer = new Writer();
  codec.writeResponse(writer, response, version);
  return Buffer.concat([writer.take()].flat());
}

// The last pair that was found good: a client sends the same in every connection, and many clients are alike.
let goodName = '';
let goodVersion = '';

function isSoftware({ clientSoftwareName: name, clientSoftwareVersion: version }: ApiVersionsRequest): boolean {
  if (name === goodName && version === goodVersion && name !== '') return true;
  if (!SOFTWARE.test(name) || !SOFTWARE.test(version)) return false;
  goodName = name;
  goodVersion = version;
  return true;
}
