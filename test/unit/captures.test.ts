import { createKafkaGateway, createStubBackend, type Endpoint } from 'iggy-gateway-kafka';
import {
  type ApiCodec,
  apiVersionsApi,
  createTopicsApi,
  fetchApi,
  isFlexible,
  listOffsetsApi,
  metadataApi,
  produceApi,
  Reader,
  readRequestHeader,
  writeRequestHeader,
  Writer,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { type Capture, type CapturedFrame, readCaptures } from '../interop/capture.js';
import { decodeResponseFrame, framed, WireClient, WireFrame } from '../support/wire-client.js';

const captures = readCaptures();
const codecs: readonly ApiCodec[] = [
  produceApi,
  fetchApi,
  listOffsetsApi,
  metadataApi,
  apiVersionsApi,
  createTopicsApi,
];

function codecOf({ apiKey }: CapturedFrame): ApiCodec {
  const codec = codecs.find(({ key }) => key === apiKey);
  if (codec === undefined) throw new Error(`no codec for API key ${apiKey}`);
  return codec;
}

function framesOf({ frames }: Capture, direction: CapturedFrame['direction']): CapturedFrame[] {
  return frames.filter((frame) => frame.direction === direction);
}

function decodeRequest(frame: CapturedFrame): { header: ReturnType<typeof readRequestHeader>; body: unknown } {
  const codec = codecOf(frame);
  const reader = new Reader(Buffer.from(frame.hex, 'hex'));
  const header = readRequestHeader(reader, isFlexible(codec.flexibleFrom, frame.apiVersion));
  const body = codec.readRequest(reader, frame.apiVersion);
  reader.expectEnd();
  return { header, body };
}

function encodeRequest(frame: CapturedFrame, { header, body }: ReturnType<typeof decodeRequest>): string {
  const codec = codecOf(frame);
  const writer = new Writer();
  writeRequestHeader(writer, header, isFlexible(codec.flexibleFrom, frame.apiVersion));
  codec.writeRequest(writer, body, frame.apiVersion);
  const bytes = writer.take();
  return (Array.isArray(bytes) ? Buffer.concat(bytes) : bytes).toString('hex');
}

function decodeResponse(frame: CapturedFrame): unknown {
  return decodeResponseFrame(codecOf(frame), frame.apiVersion, new WireFrame(Buffer.from(frame.hex, 'hex')));
}

/** Bodies of the requests of one API, with the type that its codec gives them. */
function requestsTo<Request>(capture: Capture, { key }: Pick<ApiCodec<Request>, 'key' | 'readRequest'>): Request[] {
  return framesOf(capture, 'request')
    .filter(({ apiKey }) => apiKey === key)
    .map((frame) => decodeRequest(frame).body as Request);
}

describe.each(captures)('what $name sent and got', ({ name, capture }) => {
  test('each request decodes to its last byte and encodes again to the same bytes', () => {
    const requests = framesOf(capture, 'request');
    expect(requests.length).toBeGreaterThan(0);
    for (const frame of requests) {
      const decoded = decodeRequest(frame);
      const { apiKey, apiVersion, correlationId } = frame;
      expect(decoded.header).toMatchObject({ apiKey, apiVersion, correlationId });
      expect(encodeRequest(frame, decoded)).toBe(frame.hex);
    }
  });

  test('each response answers a request and decodes to its last byte', () => {
    const key = ({ connection, correlationId }: CapturedFrame): string => `${connection}/${correlationId}`;
    const [asked, answered] = [framesOf(capture, 'request'), framesOf(capture, 'response')];
    expect(answered.map(key).sort()).toEqual(asked.map(key).sort());
    for (const frame of answered) {
      expect(decodeResponse(frame)).toBeTypeOf('object');
      expect(Buffer.from(frame.hex, 'hex').readInt32BE(0)).toBe(frame.correlationId);
    }
  });

  test('the client gives its name and version as they are', () => {
    const clientIds = framesOf(capture, 'request').map((frame) => decodeRequest(frame).header.clientId);
    expect(new Set(clientIds)).toEqual(new Set([name === 'kcat' ? 'rdkafka' : name]));
    const flexible = framesOf(capture, 'request').filter(({ apiKey, apiVersion }) => apiKey === 18 && apiVersion >= 3);
    // kafkajs asks with version 2, which has no place for a name.
    expect(flexible.length > 0).toBe(name !== 'kafkajs');
    for (const frame of flexible) {
      const { clientSoftwareName, clientSoftwareVersion } = decodeRequest(frame).body as Record<string, string>;
      expect(clientSoftwareName).toBe(name === 'kcat' ? 'librdkafka' : 'apache-kafka-java');
      expect(capture.version).toContain(clientSoftwareVersion);
    }
  });

  test('a fresh gateway with the same address gives the same responses, byte for byte', async () => {
    const listener = { port: 0, advertised: advertisedIn(capture) };
    await using gateway = createKafkaGateway({ listener, backend: createStubBackend({ mode: 'accepting' }) });
    const { port } = await gateway.listen();
    for (const connection of new Set(capture.frames.map((frame) => frame.connection))) {
      const frames = capture.frames.filter((frame) => frame.connection === connection);
      const client = await WireClient.connect(port);
      const requests = frames.filter(({ direction }) => direction === 'request');
      client.sendRaw(Buffer.concat(requests.map(({ hex }) => framed(Buffer.from(hex, 'hex')))));
      for (const { correlationId, hex } of frames.filter(({ direction }) => direction === 'response')) {
        const answer = await client.next();
        expect(answer.correlationId).toBe(correlationId);
        expect(answer.body.toString('hex')).toBe(hex.slice(8));
      }
      await client.close();
    }
  });
});

/** The address that the recorded gateway named. */
function advertisedIn(capture: Capture): Endpoint {
  const frame = framesOf(capture, 'response').find(({ apiKey }) => apiKey === metadataApi.key);
  const { brokers } = decodeResponse(frame!) as { readonly brokers: readonly Endpoint[] };
  return { host: brokers[0]!.host, port: brokers[0]!.port };
}

describe('what the clients were told to do is what decodes', () => {
  const captured = (name: string): Capture => captures.find((entry) => entry.name === name)!.capture;

  test.each(['kcat', 'kafkajs', 'java-producer'])('%s: three records to partition 0, acks from all', (name) => {
    const produced = requestsTo(captured(name), produceApi);
    let text = '';
    for (const { acks, transactionalId, topicData } of produced) {
      expect([acks, transactionalId]).toEqual([-1, null]);
      expect(topicData.map((topic) => topic.name)).toEqual(['captures']);
      for (const { index, records } of topicData[0]!.partitionData) {
        expect(index).toBe(0);
        // The magic byte of a record batch; of one batch, its length field covers all that follows.
        expect(records!.readInt8(16)).toBe(2);
        expect(records!.readInt32BE(8)).toBe(records!.length - 12);
        text += records!.toString('latin1');
      }
    }
    expect(text).toMatch(/key.*one.*key.*two.*key.*three/s);
  });

  test.each(['kcat', 'java-consumer'])('%s: fetches from the beginning of partition 0', (name) => {
    const fetched = requestsTo(captured(name), fetchApi);
    expect(fetched.length).toBeGreaterThan(0);
    for (const { topics, replicaId } of fetched) {
      expect(replicaId).toBe(-1);
      expect(topics).toMatchObject([{ topic: 'captures', partitions: [{ partition: 0, fetchOffset: 0n }] }]);
    }
  });

  test.each(['kcat', 'java-consumer'])('%s: asks for the earliest offset', (name) => {
    const [first] = requestsTo(captured(name), listOffsetsApi);
    expect(first?.topics).toMatchObject([{ name: 'captures', partitions: [{ partitionIndex: 0, timestamp: -2n }] }]);
  });

  test.each(['kafkajs', 'java-admin'])('%s: creates a topic with three partitions', (name) => {
    const created = requestsTo(captured(name), createTopicsApi);
    expect(created).toHaveLength(1);
    expect(created[0]?.topics).toMatchObject([
      { name: 'captures', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] },
    ]);
  });

  test('java-admin: is refused with ApiVersions 5, then asks with 3', () => {
    const [first, second] = framesOf(captured('java-admin'), 'response').filter(({ apiKey }) => apiKey === 18);
    expect(first?.apiVersion).toBe(5);
    expect(decodeResponse(first!)).toMatchObject({ errorCode: 35 });
    expect(second?.apiVersion).toBe(3);
    expect(decodeResponse(second!)).toMatchObject({ errorCode: 0 });
  });

  test('together they use all APIs of the stub', () => {
    const used = new Set(captures.flatMap(({ capture }) => capture.frames.map(({ apiKey }) => apiKey)));
    expect(used).toEqual(new Set(codecs.map(({ key }) => key)));
  });
});
