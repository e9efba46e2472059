import { type Backend, createStubBackend, type OptionError } from 'iggy-gateway-kafka';
import { apis, isFlexible } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { Firewall, type FirewallOptions, type Handler } from '../../../src/dispatch/firewall.js';

const answer: Handler = () => undefined;
const stub = createStubBackend();

function make(backend: Partial<Backend> = {}, options: Partial<FirewallOptions> = {}): Promise<Firewall> {
  const full = { name: 'test', ...backend } as Backend;
  return Firewall.create(full, answer, { versions: {}, allowUnstableVersions: false, ...options });
}

/** A method for every API that a backend can have one for. */
function everyMethod(): Partial<Backend> {
  return Object.fromEntries(
    apis.flatMap(({ method }) => (!method || method.startsWith('sasl') ? [] : [[method, answer]])),
  );
}

/** The table as ApiVersions says it: key, first and last version. */
function table(firewall: Firewall): number[][] {
  return firewall.advertised.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion]);
}

describe('the table', () => {
  test('of the stub is what the wire facts say, Produce from version 0 on', async () => {
    expect(table(await make(stub))).toEqual([
      [0, 0, 9],
      [1, 4, 12],
      [2, 1, 6],
      [3, 0, 9],
      [18, 0, 3],
      [19, 2, 5],
    ]);
  });

  test('without a narrowing is all that the codec knows and Kafka calls stable', async () => {
    const firewall = await make(everyMethod());
    const known = apis.flatMap(({ key, method, versions, unstableFrom }) =>
      method && versions && !method.startsWith('sasl')
        ? [[key, key === 0 ? 0 : versions.min, unstableFrom === null ? versions.max : unstableFrom - 1]]
        : [],
    );
    expect(table(firewall)).toEqual(known);
  });

  test('holds no API whose method is missing, and always ApiVersions', async () => {
    expect(table(await make({ metadata: stub.metadata }))).toEqual([
      [3, 0, 13],
      [18, 0, 5],
    ]);
  });

  test('is narrowed by the backend and by the options, the narrower of each end', async () => {
    const backend = { metadata: stub.metadata as never, versions: { metadata: { min: 2, max: 9 } } };
    const firewall = await make(backend, { versions: { metadata: { min: 0, max: 7 } } });
    expect(table(firewall)[0]).toEqual([3, 2, 7]);
  });

  test('is never widened', async () => {
    const backend = { metadata: stub.metadata as never, versions: { metadata: { min: 0, max: 99 } } };
    expect(table(await make(backend, { versions: { metadata: { min: 0, max: 99 } } }))[0]).toEqual([3, 0, 13]);
  });

  test('that a range leaves no version of is refused, by the option that did it', async () => {
    const metadata = stub.metadata as never;
    await expect(make({ metadata, versions: { metadata: { min: 20, max: 30 } } })).rejects.toMatchObject({
      option: 'backend.versions.metadata',
      value: '20 to 30',
    } satisfies Partial<OptionError>);
    await expect(
      make({ metadata, versions: { metadata: { min: 0, max: 3 } } }, { versions: { metadata: { min: 4, max: 9 } } }),
    ).rejects.toMatchObject({ option: 'versions.metadata', value: '4 to 9' } satisfies Partial<OptionError>);
  });
});

describe('route', () => {
  test('finds what is allowed, and nothing else', async () => {
    const firewall = await make(stub);
    for (const [key, min, max] of [
      [0, 3, 9],
      [1, 4, 12],
      [2, 1, 6],
      [3, 0, 9],
      [18, 0, 3],
      [19, 2, 5],
    ] as const) {
      expect(firewall.route(key, min)?.key).toBe(key);
      expect(firewall.route(key, max)?.key).toBe(key);
      expect(firewall.route(key, min - 1)).toBeUndefined();
      expect(firewall.route(key, max + 1)).toBeUndefined();
    }
    for (const key of [-32768, -1, 4, 17, 20, 1000, 32767]) expect(firewall.route(key, 0)).toBeUndefined();
  });

  test('tells the first flexible version as the list of APIs does', async () => {
    const firewall = await make(stub);
    for (const { key, flexibleFrom, load } of apis) {
      const route = load && (firewall.route(key, 3) ?? firewall.route(key, 4));
      if (!route) continue;
      for (let version = 0; version < 20; version++) {
        expect(version >= route.flexibleFrom).toBe(isFlexible(flexibleFrom, version));
      }
    }
  });

  test('gives ApiVersions to the gateway and all else to the backend', async () => {
    const firewall = await make(stub);
    expect(firewall.route(18, 0)?.handler).toBe(answer);
    expect(firewall.route(3, 0)?.handler).toBe(stub.metadata);
  });
});

describe('codec', () => {
  test('is there at once for what the table allows, even in versions that it refuses', async () => {
    const firewall = await make(stub);
    expect(firewall.codec(3, 13)).toBe(firewall.route(3, 0)?.codec);
  });

  test('is loaded when first needed, and there from then on', async () => {
    const firewall = await make({ metadata: stub.metadata });
    const loading = firewall.codec(1, 4);
    expect(loading).toBeInstanceOf(Promise);
    const codec = await loading;
    expect(codec?.name).toBe('Fetch');
    expect(firewall.codec(1, 4)).toBe(codec);
  });

  test('is none for a version that Kafka does not define, nor for an API that has none', async () => {
    const firewall = await make(stub);
    expect(firewall.codec(1, 3)).toBeUndefined();
    expect(firewall.codec(1, 19)).toBeUndefined();
    expect(firewall.codec(4, 0)).toBeUndefined();
    expect(firewall.codec(1000, 0)).toBeUndefined();
  });
});

test('what Kafka calls an API is known, allowed or not', async () => {
  const firewall = await make({ metadata: stub.metadata });
  expect(firewall.info(1)?.name).toBe('Fetch');
  expect(firewall.info(4)?.name).toBe('LeaderAndIsr');
  expect(firewall.info(1000)).toBeUndefined();
});
