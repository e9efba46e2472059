import { type Backend, createStubBackend, ErrorCode, KafkaError } from 'iggy-gateway-kafka';
import { metadataApi, type MetadataResponseInit } from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import { record, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';

type Settle = (value: unknown) => void;

const VERSION = 13;
const ALL = { topics: null };
const answer = (controllerId: number): MetadataResponseInit => ({
  brokers: [],
  topics: [],
  errorCode: 0,
  controllerId,
});

expectQuietProcess();

/** Sends three requests in a row to a handler that returns what it is given; the answers, and what was reported. */
async function ask(returned: () => unknown, options = {}) {
  const { gateway, connect } = await startBackend({ metadata: returned as NonNullable<Backend['metadata']> }, options);
  const errors = record(gateway, 'requestError');
  const client = await connect();
  const answers = await Promise.all([1, 2, 3].map(() => client.send(metadataApi, VERSION, ALL)));
  await gateway.close();
  expect(client.arrived).toEqual([1, 2, 3]);
  expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
  return { responses: answers.map(({ response }) => response), errors: errors.map(({ error }) => error) };
}

test.each<readonly [string, (resolve: Settle) => void]>([
  ['at once', (resolve) => resolve(answer(7))],
  ['later', (resolve) => void setImmediate(resolve, answer(7))],
  [
    'twice at once',
    (resolve) => {
      resolve(answer(7));
      resolve(answer(8));
    },
  ],
  [
    'at once, and later again',
    (resolve) => {
      resolve(answer(7));
      setImmediate(resolve, answer(8));
    },
  ],
  [
    'at once, and throws then',
    (resolve) => {
      resolve(answer(7));
      throw new Error('after');
    },
  ],
])('a thenable that calls back %s is answered once, with what came first', async (_when, then) => {
  for (const options of [{}, { requestTimeoutMs: 10_000 }]) {
    const { responses, errors } = await ask(() => ({ then }), options);
    expect(responses.map(({ controllerId }) => controllerId)).toEqual([7, 7, 7]);
    expect(errors).toEqual([]);
  }
});

test('a thenable that fulfils and then rejects is fulfilled, and the other way round', async () => {
  const first = await ask(() => ({
    then(resolve: Settle, reject: Settle) {
      resolve(answer(7));
      reject(new Error('after'));
    },
  }));
  expect(first.responses.map(({ controllerId }) => controllerId)).toEqual([7, 7, 7]);
  expect(first.errors).toEqual([]);
  const second = await ask(() => ({
    then(resolve: Settle, reject: Settle) {
      reject(new KafkaError(ErrorCode.NOT_CONTROLLER));
      resolve(answer(7));
    },
  }));
  expect(second.responses.map(({ errorCode }) => errorCode)).toEqual([41, 41, 41]);
});

test('a then that throws is a failure of the handler', async () => {
  const failed = new Error('no promise');
  const { responses, errors } = await ask(() => ({
    then() {
      throw failed;
    },
  }));
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([-1, -1, -1]);
  expect(errors).toEqual([failed, failed, failed]);
});

test('a then that cannot be looked at is a failure of the handler', async () => {
  const failed = new Error('no look');
  const { responses, errors } = await ask(() => ({
    get then(): never {
      throw failed;
    },
  }));
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([-1, -1, -1]);
  expect(errors).toEqual([failed, failed, failed]);
});

test('a then that is no function makes no promise', async () => {
  const { responses } = await ask(() => ({ ...answer(7), then: 'later' }));
  expect(responses.map(({ controllerId }) => controllerId)).toEqual([7, 7, 7]);
});

test('a promise of another realm or library is one', async () => {
  class Lazy {
    readonly #stub = createStubBackend();
    then(resolve: Settle, reject: Settle): Promise<void> {
      return Promise.resolve({ ...answer(this.#stub.name.length) }).then(resolve, reject);
    }
  }
  const { responses } = await ask(() => new Lazy());
  expect(responses.map(({ controllerId }) => controllerId)).toEqual([16, 16, 16]);
});
