import { readFileSync } from 'node:fs';
import { type Backend, KafkaError } from 'iggy-gateway-kafka';
import {
  type ApiName,
  apis,
  decodeResponse,
  encodeRequestHeader,
  encodeResponse,
  type RequestHeader,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { startObserved } from '../support/gateways.js';
import { codecOf, decodeSample, type Golden, goldens } from '../support/golden.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { decodeResponseFrame, framed } from '../support/wire-client.js';

// Every API in every version, over a socket, with the requests and responses that Kafka's own client writes.

expectQuietProcess();

const UNSUPPORTED_VERSION = 35;
const API_VERSIONS = 18;
/** Answered by the gateway, and on a listener without SASL not at all. */
const SASL: readonly string[] = ['saslHandshake', 'saslAuthenticate'];

const requests = goldens.filter(({ direction, kind }) => direction === 'request' && kind === 'rich');
const responses = new Map(
  goldens
    .filter(({ direction, kind }) => direction === 'response' && kind === 'rich')
    .map((golden) => [place(golden), golden]),
);

function place({ apiKey, version }: { readonly apiKey: number; readonly version: number }): string {
  return `${apiKey} v${version}`;
}

function frame({ apiKey, version, bytes }: Golden, correlationId: number): Buffer {
  const header: RequestHeader = { apiKey, apiVersion: version, correlationId, clientId: 'every-api' };
  return framed(Buffer.concat([encodeRequestHeader(header), bytes]));
}

/** A backend with every method that there can be. */
function everyMethod(
  method: (api: ApiName, ...args: Parameters<NonNullable<Backend['metadata']>>) => unknown,
): Backend {
  const names = apis.flatMap(({ method: name }) => name ?? []).filter((name) => !SASL.includes(name));
  const methods = names
    .filter((name) => name !== 'apiVersions')
    .map((name) => [name, (...args: Parameters<NonNullable<Backend['metadata']>>) => method(name, ...args)]);
  return { name: 'every method', ...Object.fromEntries(methods) };
}

test('each is refused in its own shape where there is no method for it', async () => {
  const { connect, refused, protocolErrors } = await startObserved({
    backend: {
      name: 'one version of one API',
      versions: { metadata: { min: 0, max: 0 } },
      metadata: () => null as never,
    },
  });
  const client = await connect();
  const asked = requests.filter(({ apiKey, version }) => apiKey !== API_VERSIONS && !(apiKey === 3 && version === 0));
  expect(asked).toHaveLength(285 - 6 - 1);
  for (const [correlationId, golden] of asked.entries()) {
    client.sendRaw(frame(golden, correlationId));
    const answer = await client.next();
    expect(answer.correlationId).toBe(correlationId);
    // It had no place for an error then.
    if (golden.apiKey === 35 && golden.version < 3) {
      expect(answer.body, golden.title).toEqual(Buffer.from(golden.version === 1 ? [0, 35] : [0, 0, 35]));
      continue;
    }
    const response = decodeResponseFrame(golden.apiKey, golden.version, answer);
    expect(codecOf(golden).findErrorCode(response, golden.version), golden.title).toBe(UNSUPPORTED_VERSION);
  }
  expect(refused).toHaveLength(asked.length);
  expect(protocolErrors).toEqual([]);
});

test('one that cannot be read is refused in its own shape, where that has a code at the top', async () => {
  const { connect, refused } = await startObserved();
  const client = await connect();
  const asked = requests.filter(({ apiKey, version }) => {
    const codec = codecOf({ apiKey });
    const rejection = apiKey === API_VERSIONS ? undefined : codec.rejection?.(version, 1, null);
    return rejection !== undefined && codec.findErrorCode(rejection, version) === 1;
  });
  // The stub allows Fetch and Metadata up to versions before or with a code at the top.
  const refusable = asked.filter(({ apiKey }) => apiKey > 3);
  expect(refusable.length).toBeGreaterThan(100);
  for (const [correlationId, golden] of refusable.entries()) {
    client.sendRaw(frame({ ...golden, bytes: golden.bytes.subarray(0, -1) }, correlationId));
    const response = decodeResponseFrame(golden.apiKey, golden.version, await client.next());
    expect(response, golden.title).toHaveProperty('errorCode', UNSUPPORTED_VERSION);
  }
  expect(refused).toHaveLength(refusable.length);
});

test('each comes to its method as Kafka’s client sent it, and its answer goes out as Kafka’s broker writes it', async () => {
  const called: [ApiName, unknown][] = [];
  const backend = everyMethod((api, request, { apiVersion }) => {
    called.push([api, request]);
    const { key } = apis.find(({ method }) => method === api)!;
    return responses.get(place({ apiKey: key, version: apiVersion }))!.value;
  });
  const { connect, refused, requestErrors } = await startObserved({ backend, allowUnstableVersions: true });
  const client = await connect();
  const asked = requests.filter(({ apiKey }) => ![API_VERSIONS, 17, 36].includes(apiKey));
  for (const [correlationId, golden] of asked.entries()) {
    client.sendRaw(frame(golden, correlationId));
    const { body } = await client.next();
    expect(called.at(-1)![1], golden.title).toStrictEqual(decodeSample(golden));
    const { bytes } = responses.get(place(golden))!;
    expect(body.subarray(-bytes.length).equals(bytes), golden.title).toBe(true);
    expect(body.length - bytes.length).toBe(isFlexible(golden) ? 1 : 0);
  }
  expect(new Set(called.map(([api]) => api)).size).toBe(76);
  expect(refused).toEqual([]);
  expect(requestErrors).toEqual([]);
});

function isFlexible({ apiKey, version }: Golden): boolean {
  const { flexibleFrom } = codecOf({ apiKey });
  return flexibleFrom >= 0 && version >= flexibleFrom;
}

test('what a method throws is said in the shape of its API', async () => {
  const backend = everyMethod(() => {
    throw new KafkaError(29, 'not for you');
  });
  const { connect } = await startObserved({ backend, allowUnstableVersions: true });
  const client = await connect();
  const asked = requests.filter(
    ({ apiKey, version }) => ![API_VERSIONS, 17, 36].includes(apiKey) && !(apiKey === 35 && version < 3),
  );
  for (const [correlationId, golden] of asked.entries()) {
    client.sendRaw(frame(golden, correlationId));
    const response = decodeResponseFrame(golden.apiKey, golden.version, await client.next());
    expect(codecOf(golden).findErrorCode(response, golden.version), golden.title).toBe(29);
  }
});

describe('a backend with every method', () => {
  interface Broker {
    readonly source: string;
    readonly responses: readonly { readonly version: number; readonly hex: string }[];
  }
  const file = new URL('../../fixtures/captures/broker/api-versions.json', import.meta.url);
  const broker = JSON.parse(readFileSync(file, 'utf8')) as Broker;
  const answers = broker.responses.map(({ version, hex }) => {
    const bytes = Buffer.from(hex, 'hex');
    return { version, bytes, response: decodeResponse(API_VERSIONS, version, bytes) };
  });

  /** SASL is advertised where a listener has it, telemetry where a broker has a plugin that takes it. */
  const withoutListener = [17, 36];
  const withPlugin = [71, 72];

  test.each(answers)('advertises what a stock Kafka does, in ApiVersions $version', async ({ version, response }) => {
    const features = {
      supported: Object.fromEntries(
        answers
          .at(-1)!
          .response.supportedFeatures.map(({ name, minVersion: min, maxVersion: max }) => [name, { min, max }]),
      ),
      finalized: Object.fromEntries(
        response.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
      ),
      finalizedEpoch: response.finalizedFeaturesEpoch < 0n ? 0n : response.finalizedFeaturesEpoch,
    };
    const { connect } = await startObserved({ backend: { ...everyMethod(() => null), features } });
    const client = await connect();
    const software = version >= 3 ? { clientSoftwareName: 'test', clientSoftwareVersion: '1' } : {};
    const { response: ours } = await client.send(API_VERSIONS, version, software);
    const { apiKeys, ...rest } = ours as typeof response;
    expect(apiKeys.filter(({ apiKey }) => !withPlugin.includes(apiKey))).toEqual(
      response.apiKeys.filter(({ apiKey }) => !withoutListener.includes(apiKey)),
    );
    expect(apiKeys.filter(({ apiKey }) => withPlugin.includes(apiKey))).toHaveLength(2);
    expect({ ...rest, apiKeys: [] }).toEqual({ ...response, apiKeys: [] });
  });

  test.each(answers)('and the broker’s own bytes of version $version are what our codec makes of them', (answer) => {
    expect(encodeResponse(API_VERSIONS, answer.version, answer.response).equals(answer.bytes)).toBe(true);
  });

  test('advertises versions that Kafka calls unstable when told to', async () => {
    const { connect } = await startObserved({ backend: everyMethod(() => null), allowUnstableVersions: true });
    const { response } = await (await connect()).send(API_VERSIONS, 0, {});
    const { apiKeys } = response as ReturnType<typeof decodeResponse<18>>;
    expect(apiKeys.find(({ apiKey }) => apiKey === 22)).toMatchObject({ maxVersion: 6 });
  });
});
