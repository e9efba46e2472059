import { expectAssignable, expectError, expectType } from 'tsd';
import {
  type ApiCodec,
  type ApiInfo,
  apis,
  DecodeError,
  EncodeError,
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

const reader = new RecordReader(new RecordBatch(Buffer.alloc(0)));
expectType<KafkaRecord>(reader.record());
expectAssignable<RecordInit>(reader.record());
expectAssignable<RecordInit>({ timestamp: 0 });
expectError<RecordInit>({ key: Buffer.alloc(0) });
expectError(new RecordBatchBuilder({ compression: 'brotli' }));
expectAssignable<Error>(new RecordsError('TRUNCATED', 0, 'no bytes'));
