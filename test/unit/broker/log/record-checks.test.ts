// A library is made to be missing: on a machine where it really is, nothing else could be tested.
import { ErrorCode } from 'iggy-gateway-kafka';
import { RecordBatch, RecordsError } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { LayeredBrokerConfig } from '../../../../adapters/broker/configs/layered-broker-config.js';
import { checkBatch } from '../../../../adapters/broker/log/record-checks.js';
import { batchAround } from '../../../support/raw-batch.js';

vi.mock(import('../../../../src/protocol/records/compression/snappy.js'), () => ({
  snappyCompress: missing,
  snappyDecompress: missing,
}));

function missing(): never {
  throw new RecordsError('LIBRARY_UNAVAILABLE', 0, 'not on this machine');
}

test('a compression whose library is not on this machine is told as one that is not supported', () => {
  const snappy = 2;
  const batch = new RecordBatch(batchAround(Buffer.from('packed'), { count: 1, attributes: snappy }));
  expect(() => checkBatch(batch, new LayeredBrokerConfig({}).topicConfig({}), 0)).toThrow(
    expect.objectContaining({ errorCode: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE }),
  );
});
