// Servers of the test's own stand beside the gateway: no real one answers as wrongly as `verify` has to notice.
import type { Socket } from 'node:net';
import { apiVersionsApi, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { runCommand, serveCommand } from '../support/command.js';
import { goldens, written } from '../support/golden.js';
import { ownServer } from '../support/own-server.js';
import { framed } from '../support/wire-client.js';

/** A request as a bare server sees it. */
interface Asked {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
}

const METADATA = 3;
const PRODUCE = 0;

/** A bare server; `answer` decides what is written to a request. Returns its address. */
async function bareServer(answer: (asked: Asked, socket: Socket) => void): Promise<string> {
  const port = await ownServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const asked = {
          apiKey: bytes.readInt16BE(4),
          version: bytes.readInt16BE(6),
          correlationId: bytes.readInt32BE(8),
        };
        bytes = bytes.subarray(4 + bytes.readInt32BE(0));
        answer(asked, socket);
      }
    });
  });
  return `127.0.0.1:${port}`;
}

/** A framed answer. */
function answerFrame(correlationId: number, body: Buffer): Buffer {
  const id = Buffer.alloc(4);
  id.writeInt32BE(correlationId);
  return framed(Buffer.concat([id, body]));
}

/** The answer to ApiVersions v0: these APIs in these versions. */
function versions(errorCode: number, ...apiKeys: { apiKey: number; minVersion: number; maxVersion: number }[]): Buffer {
  const writer = new Writer();
  apiVersionsApi.writeResponse(writer, { errorCode, apiKeys }, 0);
  return written(writer);
}

const METADATA_V0 = { apiKey: METADATA, minVersion: 0, maxVersion: 0 };

/** A server that has ApiVersions and Metadata v0, and answers Metadata as the test says. */
function metadataServer(answer: (id: number, socket: Socket, good: Buffer) => void): Promise<string> {
  const golden = goldens.find(({ title }) => title === 'MetadataResponse v0 rich');
  return bareServer(({ apiKey, correlationId }, socket) => {
    if (apiKey === METADATA) answer(correlationId, socket, golden?.bytes ?? Buffer.alloc(0));
    else socket.write(answerFrame(correlationId, versions(0, METADATA_V0)));
  });
}

function verify(address: string, ...args: string[]): ReturnType<typeof runCommand> {
  return runCommand(['messages', 'verify', '--host', address, ...args]);
}

describe('over the gateway', () => {
  test.each(['retriable', 'accepting'])('verify finds every answer of the %s stub good', async (mode) => {
    const { address } = await serveCommand(['--backend', 'stub', '--stub-mode', mode, '--log-level', 'quiet']);
    const { code, out, err } = await verify(address);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const ranges: Record<string, readonly [number, number]> = {
      ProduceRequest: [3, 9],
      FetchRequest: [4, 12],
      ListOffsetsRequest: [1, 6],
      MetadataRequest: [0, 9],
      ApiVersionsRequest: [0, 3],
      CreateTopicsRequest: [2, 5],
    };
    const requests = goldens.filter(({ direction }) => direction === 'request');
    const good = requests.filter(({ message, version }) => {
      const [min, max] = ranges[message] ?? [1, 0];
      return min <= version && version <= max;
    });
    expect(out).toMatch(new RegExp(`\n${good.length} good, 0 failed, ${requests.length - good.length} skipped\n$`));
    expect(out).toMatch(/^000 Produce v3 minimal: not to be answered \(acks 0\); the next request was\n/);
    expect(out).toContain('\n003 Metadata v10 v11 v12 v13: skipped, the server does not advertise it\n');
    for (const { message, version, kind } of good) {
      expect(out).toMatch(new RegExp(`^\\d{3} ${message.replace('Request', '')} v${version} ${kind}: `, 'm'));
    }
  });

  test('send says of each message what was answered: bytes and error code', async () => {
    const { address } = await serveCommand(['--backend', 'stub', '--log-level', 'quiet']);
    const send = (...args: string[]): ReturnType<typeof runCommand> =>
      runCommand(['messages', 'send', '--host', address, ...args]);
    expect(await send('--api-key', '0', '--version', '9')).toEqual({
      code: 0,
      out: expect.stringMatching(/^000 Produce v9: \d+ bytes, NOT_LEADER_OR_FOLLOWER \(6\)\n$/),
      err: '',
    });
    expect((await send('--api-key', '0', '--version', '9', '--kind', 'minimal')).out).toBe(
      '000 Produce v9: not to be answered (acks 0); the next request was\n',
    );
    // A version that is refused: the answer has its shape, ApiVersions that of version 0.
    expect((await send('--api-key', '3', '--version', '13')).out).toMatch(/bytes, UNSUPPORTED_VERSION \(35\)\n$/);
    expect((await send('--api-key', '18', '--version', '4')).out).toMatch(/bytes, UNSUPPORTED_VERSION \(35\)\n$/);
    expect((await send()).out.split('\n')).toHaveLength(
      goldens.filter(({ direction, kind }) => direction === 'request' && kind === 'rich').length + 1,
    );
  });
});

describe('verify fails when', () => {
  const wrong: [string, (id: number, socket: Socket, good: Buffer) => void, RegExp][] = [
    [
      'an answer has another correlation id',
      (id, socket, good) => socket.write(answerFrame(id + 1, good)),
      /an answer to correlation id \d+ instead of \d+/,
    ],
    [
      'an answer does not decode',
      (id, socket, good) => socket.write(answerFrame(id, good.subarray(0, -1))),
      /the answer does not decode: an array of 2 in 7 bytes/,
    ],
    [
      'an answer has bytes left over',
      (id, socket, good) => socket.write(answerFrame(id, Buffer.concat([good, good]))),
      /the answer does not decode: \d+ bytes after the message/,
    ],
    [
      'an answer has no header',
      (_id, socket) => socket.write(framed(Buffer.from([0]))),
      /the answer does not decode: 4 bytes wanted, 1 left/,
    ],
    ['the connection is closed', (_id, socket) => socket.end(), /the server closed the connection/],
    [
      'the connection is closed within an answer',
      (id, socket, good) => socket.end(answerFrame(id, good).subarray(0, -1)),
      /the server closed the connection/,
    ],
    ['the connection is reset', (_id, socket) => socket.resetAndDestroy(), /ECONNRESET/],
    [
      'an answer claims a negative length',
      (_id, socket) => socket.write(Buffer.from('ffffffff', 'hex')),
      /an answer that says it has -1 bytes/,
    ],
    [
      'an answer is not Kafka',
      (_id, socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /an answer that says it has 1213486160 bytes/,
    ],
    ['no answer comes', () => undefined, /no answer within 300 ms/],
  ];
  test.each(wrong)('%s', async (_title, answer, why) => {
    const address = await metadataServer(answer);
    const timeout = why.source.includes('within') ? ['--timeout-ms', '300'] : [];
    const { code, out, err } = await verify(address, '--api-key', '3', '--version', '0', ...timeout);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const lines = out.trimEnd().split('\n');
    // Each message is judged on its own: after a failure it goes on, on a new connection.
    expect(lines.slice(0, -1)).toEqual([
      expect.stringMatching(new RegExp(`^003 Metadata v0 minimal: FAILED: .*${why.source}`)),
      expect.stringMatching(new RegExp(`^003 Metadata v0 rich: FAILED: .*${why.source}`)),
    ]);
    expect(lines.at(-1)).toBe('0 good, 2 failed, 0 skipped');
  });

  test('one answer of many is wrong, and the others are good', async () => {
    let count = 0;
    const address = await metadataServer((id, socket, good) => {
      socket.write(answerFrame(++count === 1 ? -1 : id, good));
    });
    const { code, out } = await verify(address, '--api-key', '3', '--version', '0');
    expect(code).toBe(1);
    expect(out).toMatch(/rich: \d+ bytes, \S+ \(-?\d+\)\n1 good, 1 failed, 0 skipped\n$/);
  });

  test('what asks for no answer is answered, or is the end of the connection', async () => {
    for (const answer of [
      (id: number, socket: Socket) => socket.write(answerFrame(id, Buffer.alloc(4))),
      (_id: number, socket: Socket) => socket.end(),
    ]) {
      const address = await bareServer(({ apiKey, correlationId }, socket) => {
        if (apiKey === PRODUCE) answer(correlationId, socket);
        else socket.write(answerFrame(correlationId, versions(0, { apiKey: 0, minVersion: 0, maxVersion: 3 })));
      });
      const { code, out } = await verify(address, '--api-key', '0', '--version', '3', '--kind', 'minimal');
      expect(code).toBe(1);
      expect(out).toMatch(/^000 Produce v3 minimal: FAILED: .+\n0 good, 1 failed, 0 skipped\n$/);
    }
  });

  test('the server does not say which versions it has', async () => {
    for (const body of [Buffer.from('garbage'), versions(35, METADATA_V0)]) {
      const address = await bareServer(({ correlationId }, socket) => socket.write(answerFrame(correlationId, body)));
      const { code, out, err } = await verify(address);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(/^iggy-gateway-kafka: the server does not say which versions it has: [^\n]+\n$/);
    }
  });

  test('the server advertises nothing of what is to be verified', async () => {
    const { address } = await serveCommand(['--backend', 'stub']);
    const { code, out, err } = await verify(address, '--api-key', '3', '--version', '13');
    expect(code).toBe(1);
    expect(out).toBe('003 Metadata v13: skipped, the server does not advertise it\n0 good, 0 failed, 4 skipped\n');
    expect(err).toBe('iggy-gateway-kafka: nothing was verified: the server advertises none of these versions\n');
  });

  test('the server goes away', async () => {
    const { command, address } = await serveCommand(['--drain-timeout-secs', '0']);
    command.signal('SIGTERM');
    await command.code;
    for (const name of ['send', 'verify']) {
      const { code, out, err } = await runCommand(['messages', name, '--host', address]);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(new RegExp(`^iggy-gateway-kafka: cannot connect to ${address}: [^\n]*ECONNREFUSED[^\n]*\n$`));
    }
  });
});

test('an answer may come byte by byte', async () => {
  const address = await metadataServer((id, socket, good) => {
    const bytes = answerFrame(id, good);
    const next = (at: number): void => {
      if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
    };
    next(0);
  });
  const { code, out } = await verify(address, '--api-key', '3', '--version', '0', '--kind', 'rich');
  expect(out).toMatch(/1 good, 0 failed, 0 skipped\n$/);
  expect(code).toBe(0);
});

test('send goes on after a failure, and is none itself', async () => {
  const address = await metadataServer((id, socket, good) => {
    socket.write(answerFrame(id, good.subarray(1)));
  });
  const { code, out } = await runCommand(['messages', 'send', '--host', address, '--api-key', '3']);
  expect(code).toBe(0);
  expect(out.trimEnd().split('\n')).toHaveLength(14);
  expect(out).toMatch(/^003 Metadata v0: FAILED: /);
});

test.each([
  [['--host', 'localhost'], '--host "localhost": want host:port'],
  [['--host', 'localhost:0'], '--host "localhost:0": want host:port'],
  [['--timeout-ms', '0'], '--timeout-ms "0": want a whole number from 1 to 2147483647'],
])('%j is refused in one line', async (args, named) => {
  for (const name of ['send', 'verify']) {
    const { code, out, err } = await runCommand(['messages', name, ...args]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^iggy-gateway-kafka: [^\n]+\n$/);
    expect(err).toContain(named);
  }
});
