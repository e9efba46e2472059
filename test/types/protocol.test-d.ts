import { expectAssignable, expectError, expectType } from 'tsd';
import {
  type ApiCodec,
  type ApiInfo,
  apis,
  type ConsumerProtocolSubscription,
  consumerProtocolSubscription,
  decodeConsumerProtocol,
  DecodeError,
  decodeRequest,
  decodeResponse,
  encodeConsumerProtocol,
  EncodeError,
  encodeRequest,
  encodeResponse,
  type FetchResponse,
  fitResponse,
  type KafkaRecord,
  type MetadataRequest,
  type MetadataRequestInit,
  Reader,
  RecordBatch,
  RecordBatchBuilder,
  type RecordInit,
  RecordReader,
  RecordsError,
  Writer,
} from 'iggy-gateway-kafka/protocol';
import { metadataApi } from 'iggy-gateway-kafka/protocol/messages/metadata';

expectType<readonly ApiInfo[]>(apis);
expectAssignable<ApiCodec>(metadataApi);
expectType<MetadataRequest>(metadataApi.readRequest(new Reader(Buffer.alloc(0)), 9));

const everyTopic: MetadataRequestInit = { topics: null };
metadataApi.writeRequest(new Writer(), everyTopic, 9);
expectError(metadataApi.writeRequest(new Writer(), { topics: 'all' }, 9));

expectAssignable<Error>(new DecodeError('TRUNCATED', 0, 'no bytes'));
expectAssignable<Error>(new EncodeError('INVALID_VALUE', 'no number', 'topics[0]'));
expectAssignable<MetadataRequest['topics']>([{ topicId: '', name: null }]);

// By number: a literal key has its own types, any other number those of any API.
expectType<MetadataRequest>(decodeRequest(3, 9, Buffer.alloc(0)));
expectType<FetchResponse>(decodeResponse(1, 12, new Uint8Array()));
declare const anyKey: number;
expectType<Record<string, unknown>>(decodeRequest(anyKey, 0, Buffer.alloc(0)));
expectType<Record<string, unknown>>(decodeResponse(52, 0, Buffer.alloc(0)));
expectType<Buffer>(encodeRequest(3, 9, {}));
expectType<Buffer>(encodeRequest(3, 9, decodeRequest(3, 9, Buffer.alloc(0))));
expectType<Buffer>(encodeRequest(anyKey, 9, { anything: 1 }));
encodeResponse(1, 12, { responses: [{ partitions: [{ records: [Buffer.alloc(0)] }] }] });
encodeResponse(1, 12, { responses: [{ partitions: [{ records: { chunks: [], release() {} } }] }] });
expectError(encodeRequest(3, 9, { topics: [{ name: 5 }] }));
expectError(encodeResponse(1, 12, { responses: [{ partition: [] }] }));
expectError(encodeRequest(anyKey, 9, 5));
expectType<{ errorCode: number; topics: [] }>(fitResponse(3, 9, { errorCode: 1, topics: [] as [] }));

expectType<{ readonly version: number; readonly value: ConsumerProtocolSubscription }>(
  decodeConsumerProtocol(consumerProtocolSubscription, Buffer.alloc(0)),
);
encodeConsumerProtocol(consumerProtocolSubscription, 3, { topics: [] });
expectError(encodeConsumerProtocol(consumerProtocolSubscription, 3, { topics: [1] }));

const reader = new RecordReader(new RecordBatch(Buffer.alloc(0)));
expectType<KafkaRecord>(reader.record());
expectAssignable<RecordInit>(reader.record());
expectAssignable<RecordInit>({ timestamp: 0 });
expectError<RecordInit>({ key: Buffer.alloc(0) });
expectError(new RecordBatchBuilder({ compression: 'brotli' }));
expectAssignable<Error>(new RecordsError('TRUNCATED', 0, 'no bytes'));
