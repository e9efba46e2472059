import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd';
import {
  type ApiHandler,
  type Awaitable,
  type Backend,
  createStubBackend,
  defineBackend,
  ErrorCode,
  type RequestContext,
  type StubBackend,
} from 'iggy-gateway-kafka';
import type {
  FetchResponse,
  FetchResponseInit,
  MetadataRequest,
  MetadataResponse,
  MetadataResponseInit,
  ProduceRequest,
  ProduceResponse,
  ProduceResponseInit,
  RecordChunks,
} from 'iggy-gateway-kafka/protocol';

// A literal gets its types, and the state that connect returns.
const backend = defineBackend({
  name: 'typed',
  connect: (connection) => ({ id: connection.id, appended: 0 }),
  disconnect(_connection, state) {
    expectType<{ id: string; appended: number }>(state);
  },
  async produce(request, context) {
    expectType<ProduceRequest>(request);
    expectType<string>(context.state.id);
    expectType<AbortSignal>(context.signal);
    return { responses: [] };
  },
});
expectType<Backend<{ id: string; appended: number }>>(backend);
expectError(defineBackend({ name: 'typo', metaData: () => ({}) }));
// Which broker a backend is, if it says so: both fields, and at once.
defineBackend({ name: 'known', identity: () => ({ clusterId: 'c', nodeId: 1 }) });
defineBackend({ name: 'unknown', identity: () => null });
expectError(defineBackend({ name: 'half', identity: () => ({ clusterId: 'c' }) }));
expectError(defineBackend({ name: 'late', identity: async () => ({ clusterId: 'c', nodeId: 1 }) }));

// A class has handlers of its own.
class Engine implements Backend<undefined> {
  readonly name = 'engine';
  readonly metadata: ApiHandler<'metadata', undefined> = (request) => {
    expectType<MetadataRequest>(request);
    return { errorCode: 0, brokers: [], topics: [] };
  };
}
expectAssignable<Backend>(new Engine());
expectType<(request: ProduceRequest, context: RequestContext<number>) => Awaitable<ProduceResponseInit>>(
  {} as unknown as ApiHandler<'produce', number>,
);

// An answer without its error code is no answer.
expectNotAssignable<MetadataResponseInit>({ brokers: [], topics: [] });
expectNotAssignable<FetchResponseInit>({ responses: [] });
expectNotAssignable<ProduceResponseInit>({
  responses: [{ name: 't', partitionResponses: [{ index: 0, baseOffset: 0n }] }],
});
// What has a default, and what only some versions carry, may be left out or undefined.
expectAssignable<MetadataResponseInit>({ errorCode: ErrorCode.NONE, brokers: [], topics: [], clusterId: undefined });

// What was decoded can be encoded.
expectAssignable<MetadataResponseInit>({} as unknown as MetadataResponse);
expectAssignable<ProduceResponseInit>({} as unknown as ProduceResponse);
expectAssignable<FetchResponseInit>({} as unknown as FetchResponse);

// Records come in one piece, in several, or with an owner.
declare const owned: RecordChunks;
const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 0n, abortedTransactions: null };
expectAssignable<FetchResponseInit['responses'][0]['partitions'][0]>({ ...partition, records: owned });
expectAssignable<FetchResponseInit['responses'][0]['partitions'][0]>({ ...partition, records: [new Uint8Array(1)] });
expectAssignable<FetchResponseInit['responses'][0]['partitions'][0]>({ ...partition, records: Buffer.alloc(0) });
expectNotAssignable<FetchResponseInit['responses'][0]['partitions'][0]>({ ...partition, records: 'records' });

// Our factories know what they have: no question mark when one is called or spread.
const stub = createStubBackend();
expectType<StubBackend>(stub);
expectType<MetadataResponseInit>(stub.metadata({} as MetadataRequest, {} as RequestContext<undefined>));
expectAssignable<Backend>({ ...stub, produce: () => ({ responses: [] }) });
