import {
  type Backend,
  createKafkaGateway,
  createStubBackend,
  defineBackend,
  GatewayError,
  OptionError,
} from 'iggy-gateway-kafka';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';

function refusal(backend: unknown): GatewayError {
  try {
    createKafkaGateway({ backend: backend as Backend });
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('the backend was taken');
}

const metadata = () => ({ brokers: [], topics: [], errorCode: 0 });

describe('what a backend is', () => {
  test.each([null, 'stub', 5, Map])('an object: %s is refused', (backend) => {
    expect(refusal(backend)).toMatchObject({ name: 'OptionError', option: 'backend', value: backend });
  });

  test('a LogStore is refused with how to wrap it', () => {
    const error = refusal(createMemoryStore());
    expect(error).toMatchObject({ name: 'OptionError', option: 'backend' });
    expect(error.message).toBe(
      'option backend is an object; expected a Backend: wrap the LogStore in createBrokerBackend({ store })',
    );
  });

  test('a factory or a class is refused', () => {
    expect(refusal(createStubBackend).message).toBe(
      'option backend is a function; expected a Backend: call the function, or make an instance of the class',
    );
  });

  test('a promise is refused', () => {
    expect(refusal(Promise.resolve(createStubBackend())).message).toBe(
      'option backend is an object; expected a Backend: await the promise',
    );
  });

  test('left out, it is the stub', () => {
    expect(() => createKafkaGateway({ backend: undefined })).not.toThrow();
  });

  test.each([undefined, '', 5, null])('it has a name: %j is refused', (name) => {
    expect(refusal({ name, metadata })).toMatchObject({ option: 'backend.name', value: name });
  });

  test('it has at least one method for an API', () => {
    const error = refusal({ name: 'empty', open() {}, close() {} });
    expect(error.code).toBe('INVALID_BACKEND');
    expect(error.message).toBe('backend empty has no method for any API; expected one, such as metadata');
  });

  test('defineBackend returns its argument', () => {
    const backend = { name: 'test', metadata };
    expect(defineBackend(backend)).toBe(backend);
  });
});

describe('names of functions', () => {
  test.each([
    ['metaData', 'metadata'],
    ['listOffset', 'listOffsets'],
    ['createTopic', 'createTopics'],
    ['onConnect', 'connect'],
    ['Close', 'close'],
    ['handleFetch', 'fetch'],
    ['list_offsets', 'listOffsets'],
    ['fetchs', 'fetch'],
  ])('%s is refused with the nearest, %s', (name, nearest) => {
    const error = refusal({ name: 'typo', metadata, [name]: () => undefined });
    expect(error.code).toBe('INVALID_BACKEND');
    expect(error.message).toContain(`backend typo: ${name} is neither an API nor part of the life cycle`);
    expect(error.message).toContain(`did you mean ${nearest}?`);
    expect(error.message).toContain(`#${name} or _${name}`);
  });

  test.each(['topicsOf', 'reconnect', 'identify', 'patch', 'describeTopics', 'handle', 'append'])(
    '%s is a helper: it is near no API',
    (name) => {
      expect(() =>
        createKafkaGateway({ backend: { name: 'helped', metadata, [name]: () => undefined } }),
      ).not.toThrow();
    },
  );

  test.each(['apiVersions', 'saslHandshake', 'saslAuthenticate'])('%s is answered by the gateway itself', (name) => {
    const error = refusal({ name: 'greedy', metadata, [name]: () => undefined });
    expect(error.code).toBe('INVALID_BACKEND');
    expect(error.message).toBe(`backend greedy: the gateway itself answers ${name}`);
  });

  test.each(['metadata', 'produce', 'open', 'connect', 'disconnect', 'close'])(
    '%s that is no function is refused, or it would fail at the first request',
    (name) => {
      for (const value of [null, 5, 'later', {}]) {
        const error = refusal({ ...createStubBackend(), [name]: value });
        expect(error).toBeInstanceOf(OptionError);
        expect(error).toMatchObject({ option: `backend.${name}`, value });
      }
    },
  );

  test('an API that is undefined is one that the backend has not', () => {
    expect(() =>
      createKafkaGateway({ backend: { ...createStubBackend(), produce: undefined as never } }),
    ).not.toThrow();
  });

  test('data beside the functions is nobody’s business', () => {
    const backend = {
      name: 'rich',
      metadata,
      topics: new Map(),
      metaData: 5,
      [Symbol.asyncDispose]: async () => undefined,
    };
    expect(() => createKafkaGateway({ backend })).not.toThrow();
  });
});

describe('classes', () => {
  class Base {
    readonly name: string = 'classy';
    #topics = 0;
    #count(): number {
      return ++this.#topics;
    }
    _brokers(): [] {
      this.#count();
      return [];
    }
    metadata() {
      return { brokers: this._brokers(), topics: [], errorCode: 0 };
    }
  }

  test('private methods and those with an underscore are helpers', () => {
    expect(() => createKafkaGateway({ backend: new Base() })).not.toThrow();
  });

  test('inherited methods count', () => {
    class Derived extends Base {
      override readonly name = 'derived';
    }
    expect(() => createKafkaGateway({ backend: new Derived() })).not.toThrow();
  });

  test('an inherited typo is one', () => {
    class Typo extends Base {
      ListOfsets(): void {}
    }
    class Derived extends Typo {}
    expect(refusal(new Derived()).message).toContain(
      'ListOfsets is neither an API nor part of the life cycle; did you mean listOffsets?',
    );
  });

  test('an object without a prototype is a backend as well', () => {
    expect(() =>
      createKafkaGateway({ backend: Object.assign(Object.create(null), { name: 'bare', metadata }) }),
    ).not.toThrow();
  });
});

describe('gaps', () => {
  let warnings: MockInstance<typeof process.emitWarning>;
  beforeEach(() => {
    warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });
  afterEach(() => {
    warnings.mockRestore();
  });
  const answer = () => ({ responses: [] });

  test('produce without metadata is warned about', () => {
    createKafkaGateway({ backend: { name: 'gap', produce: answer } });
    expect(warnings).toHaveBeenCalledExactlyOnceWith(
      'backend gap has produce but no metadata, which its clients need',
      {
        type: 'KafkaGatewayWarning',
      },
    );
  });

  test('fetch without metadata and listOffsets is warned about twice', () => {
    createKafkaGateway({ backend: { name: 'gap', fetch: () => ({ responses: [], errorCode: 0 }) } });
    expect(warnings.mock.calls.map(([message]) => message)).toEqual([
      'backend gap has fetch but no metadata, which its clients need',
      'backend gap has fetch but no listOffsets, which its clients need',
    ]);
  });

  test('a backend without gaps is met with silence', () => {
    createKafkaGateway({ backend: { name: 'small', metadata } });
    createKafkaGateway({ backend: createStubBackend() });
    expect(warnings).not.toHaveBeenCalled();
  });
});
