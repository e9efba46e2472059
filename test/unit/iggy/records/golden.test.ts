import { readFileSync } from 'node:fs';
import { buildBatch, type RecordInit } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../../adapters/iggy/records/from-message.js';
import { toMessages } from '../../../../adapters/iggy/records/to-messages.js';
import { headerBytes, polled, readHeaders } from '../../../support/iggy-messages.js';

interface Vector {
  readonly title: string;
  readonly record: {
    readonly timestamp: number;
    readonly key: string | null;
    readonly value: string | null;
    readonly headers: readonly (readonly [name: string, value: string | null])[];
  };
  readonly message: { readonly originMicros: string; readonly headers: string; readonly payload: string };
}

const file = new URL('../../../../fixtures/iggy/v1.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: readonly Vector[] };

const bytesOf = (hex: string | null): Buffer | null => (hex === null ? null : Buffer.from(hex, 'hex'));

describe.each(vectors)('$title', ({ record, message }) => {
  const expected: RecordInit = {
    timestamp: record.timestamp,
    key: bytesOf(record.key),
    value: bytesOf(record.value),
    headers: record.headers.map(([key, value]) => ({ key, value: bytesOf(value) })),
  };
  const stored = readHeaders(Buffer.from(message.headers, 'hex'));

  it('is read', () => {
    const payload = Buffer.from(message.payload, 'hex');
    const [back] = polled([{ payload, headers: stored as never, originTimestamp: BigInt(message.originMicros) }], 7);
    const read = readMessage(back!) as RecordInit;
    const headers = read.headers!.map(({ key, value }) => ({ key: Buffer.from(key).toString(), value }));
    expect({ ...read, headers }).toEqual({ offset: 7, ...expected });
  });

  it('is written', () => {
    const [ours] = toMessages(buildBatch([expected]));
    expect(ours!.payload.toString('hex')).toBe(message.payload);
    expect(String(ours!.originTimestamp)).toBe(message.originMicros);
    const sorted = [...ours!.headers].sort((a, b) =>
      Buffer.compare(Buffer.from(a.key.value), Buffer.from(b.key.value)),
    );
    expect(headerBytes(sorted).toString('hex')).toBe(message.headers);
  });
});
