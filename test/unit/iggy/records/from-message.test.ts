import { readRecords, RecordBatch, type RecordInit } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { iggyErrorCode } from '../../../../adapters/iggy/sdk/client.js';
import { buildBatch } from '../../../../adapters/iggy/records/build-batch.js';
import { readMessage } from '../../../../adapters/iggy/records/from-message.js';
import { Unreadable } from '../../../../adapters/iggy/records/unreadable.js';
import { type AnyHeader, type AnyMessage, polled } from '../../../support/iggy-messages.js';

const APPENDED = 1_800_000_000_000;
const raw = (name: string, value: string | Buffer): AnyHeader => ({
  key: { kind: 2, value: name },
  value: { kind: 1, value: Buffer.from(value) },
});
const version = raw('kafka.v', Buffer.of(1));
const enveloped = raw('kafka.envelope', Buffer.of(1));

function read(message: Partial<AnyMessage>): RecordInit | Unreadable {
  return readMessage(
    polled([{ payload: Buffer.from('payload'), originTimestamp: 5_999n, ...message }], 3, APPENDED)[0]!,
  );
}

describe('a message that an Iggy client wrote', () => {
  it('has its payload for a value, no key, and the milliseconds of its origin', () => {
    expect(read({})).toEqual({ offset: 3, timestamp: 5, key: null, value: Buffer.from('payload'), headers: [] });
  });

  it('has the time of its append where it has no origin, or one that is no date', () => {
    expect(read({ originTimestamp: 0n })).toMatchObject({ timestamp: APPENDED });
    expect(read({ originTimestamp: 2n ** 63n })).toMatchObject({ timestamp: APPENDED });
  });

  it('has its headers under their own names, in their order, even such as look like the mapping', () => {
    const headers = [raw('z', '1'), raw('kafka.key', 'k'), raw('kafka.value', 'null'), raw('a', '2'), raw('z', '3')];
    expect(read({ headers })).toMatchObject({
      key: null,
      value: Buffer.from('payload'),
      headers: headers.map(({ key, value }) => ({ key: key.value, value: value.value })),
    });
  });

  it.each([
    ['raw', 1, Buffer.of(0, 255), '00ff'],
    ['string', 2, 'é', 'c3a9'],
    ['bool, true', 3, true, '01'],
    ['bool, false', 3, false, '00'],
    ['int8', 4, -2, 'fe'],
    ['int16', 5, -2, 'feff'],
    ['int32', 6, -2, 'feffffff'],
    ['int64', 7, -2n, 'feffffffffffffff'],
    ['int128', 8, Buffer.alloc(16, 7), '07'.repeat(16)],
    ['uint8', 9, 254, 'fe'],
    ['uint16', 10, 65_534, 'feff'],
    ['uint32', 11, 4_294_967_294, 'feffffff'],
    ['uint64', 12, 2n ** 64n - 2n, 'feffffffffffffff'],
    ['uint128', 13, Buffer.alloc(16, 9), '09'.repeat(16)],
    ['float', 14, 1.5, '0000c03f'],
    ['double', 15, 1.5, '000000000000f83f'],
  ])('has the bytes of a header of the kind %s', (_, kind, value, hex) => {
    const { headers } = read({ headers: [{ key: { kind: 2, value: 'n' }, value: { kind, value } }] }) as RecordInit;
    expect(Buffer.from(headers![0]!.value!).toString('hex')).toBe(hex);
  });

  it('has names of any kind, as text', () => {
    const value = { kind: 1, value: Buffer.of(1) };
    const headers: AnyHeader[] = [
      { key: { kind: 1, value: Buffer.from('kafka.v') }, value },
      { key: { kind: 6, value: 0x64636261 }, value },
      { key: { kind: 1, value: Buffer.of(0x61, 0xff) }, value },
    ];
    const { headers: found } = read({ headers }) as RecordInit;
    expect(found!.map(({ key }) => key)).toEqual(['kafka.v', 'abcd', 'a\uFFFD']);
  });
});

describe('a message that claims to be a record', () => {
  it('may have headers that the mapping does not know', () => {
    expect(read({ headers: [raw('other', '1'), raw('kafka.new', '2'), version, raw('kafka.h.a', '3')] })).toMatchObject(
      {
        headers: [{ key: 'a', value: Buffer.from('3') }],
      },
    );
  });

  it('may have its version and its headers in other kinds', () => {
    const headers: AnyHeader[] = [
      { key: { kind: 2, value: 'kafka.v' }, value: { kind: 9, value: 1 } },
      { key: { kind: 1, value: Buffer.from('kafka.h.a') }, value: { kind: 9, value: 7 } },
      { key: { kind: 2, value: 'kafka.key' }, value: { kind: 2, value: 'k' } },
    ];
    expect(read({ headers })).toMatchObject({
      key: Buffer.from('k'),
      headers: [{ key: 'a', value: Buffer.of(7) }],
    });
  });

  it.each([
    ['of another version', [raw('kafka.v', Buffer.of(2))], 'mappingVersion', '0x02'],
    ['of a longer version', [raw('kafka.v', Buffer.of(1, 0))], 'mappingVersion', '0x0100'],
    ['with a value marker that is none', [version, raw('kafka.value', 'nil')], 'valueMarker', '0x6e696c'],
    ['with an envelope of another version', [version, raw('kafka.envelope', Buffer.of(2))], 'envelope', '0x02'],
    ['with a payload that is no envelope', [version, enveloped], 'envelope', 'cut off'],
  ])('is not readable %s', (_, headers, reason, detail) => {
    const found = read({ headers });
    expect(found).toBeInstanceOf(Unreadable);
    expect(found).toMatchObject({ reason, detail: expect.stringContaining(detail) });
  });
});

describe('an envelope', () => {
  // Flags for both, key 'k', value 'v', one header 'n' with the value 'w'.
  const whole = Buffer.from('03010000006b010000007601000000010000006e010100000077', 'hex');
  const open = (payload: Buffer): RecordInit | Unreadable => read({ headers: [version, enveloped], payload });

  it('is read whole', () => {
    expect(open(whole)).toEqual({
      offset: 3,
      timestamp: 5,
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      headers: [{ key: Buffer.from('n'), value: Buffer.from('w') }],
    });
  });

  it('that is cut off anywhere is not readable', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(open(whole.subarray(0, length)), `${length} bytes`).toMatchObject({ reason: 'envelope' });
    }
  });

  it('with bytes after its end is not readable', () => {
    expect(open(Buffer.concat([whole, Buffer.of(0)]))).toEqual(
      new Unreadable('envelope', '1 bytes after the end of the envelope'),
    );
  });

  it('with a name that is not UTF-8 is not readable', () => {
    const bytes = Buffer.from(whole);
    bytes[bytes.indexOf('n')] = 0xff;
    expect(open(bytes)).toEqual(new Unreadable('headerName', 'the name of header 0 is not UTF-8'));
  });

  it('that announces four billion headers is refused before memory is taken for them', () => {
    const bytes = Buffer.from('00' + '00000000'.repeat(2) + 'ffffffff', 'hex');
    expect(open(bytes)).toEqual(
      new Unreadable('envelope', 'an envelope that is cut off: 4294967295 headers in 0 bytes'),
    );
  });

  it('with any byte changed is a record or not readable, and nothing is thrown', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0, 1, 0x7f, 0xff]) {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        const found = open(bytes);
        if (found instanceof Unreadable) expect(['envelope', 'headerName']).toContain(found.reason);
        else expect(found).toMatchObject({ offset: 3, timestamp: 5 });
      }
    }
  });
});

describe('messages that are not readable', () => {
  const bad: AnyMessage = { payload: Buffer.of(0), headers: [raw('kafka.v', Buffer.of(9))] };
  const good = (value: string): AnyMessage => ({ payload: Buffer.from(value), originTimestamp: 1_000n });
  const built = (messages: readonly AnyMessage[]): { offsets: number[]; last: number; skipped: number[] } => {
    const skipped: number[] = [];
    const { batch, end, nextOffset } = buildBatch(polled(messages, 100), 0, {
      compression: 'gzip',
      leaderEpoch: -1,
      maxBytes: 1e6,
      unreadable: (offset, { reason }) => {
        expect(reason).toBe('mappingVersion');
        skipped.push(offset);
      },
    });
    const view = new RecordBatch(batch);
    view.checkCrc();
    expect(view.baseOffset).toBe(100);
    expect(end).toBe(messages.length);
    expect(nextOffset).toBe(100 + messages.length);
    return { offsets: Array.from(readRecords(view), ({ offset }) => offset), last: view.lastOffset, skipped };
  };

  it('leave a gap in the offsets', () => {
    expect(built([good('a'), bad, good('b')])).toEqual({ offsets: [100, 102], last: 102, skipped: [101] });
    expect(built([bad, good('b')])).toEqual({ offsets: [101], last: 101, skipped: [100] });
  });

  it('are led past at the end, and where there are no others', () => {
    expect(built([good('a'), bad, bad])).toEqual({ offsets: [100], last: 102, skipped: [101, 102] });
    expect(built([bad, bad])).toEqual({ offsets: [], last: 101, skipped: [100, 101] });
  });
});

describe('the code of an error', () => {
  it('is the one that the SDK puts there', () => {
    expect(iggyErrorCode(Object.assign(new Error(), { errorCode: 2010 }))).toBe(2010);
    expect([new Error(), null, undefined, 'text', { errorCode: '20' }].map(iggyErrorCode)).toEqual(Array(5));
  });
});
