import { expectAssignable, expectError, expectType } from 'tsd';
import {
  type ApiCodec,
  type ApiInfo,
  apis,
  DecodeError,
  EncodeError,
  type MetadataRequest,
  type MetadataRequestInit,
  Reader,
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
