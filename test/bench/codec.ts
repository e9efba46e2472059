import { parseArgs } from 'node:util';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from 'iggy-gateway-kafka/protocol';
import { type Message, messages } from './codec-messages.js';
import { loadKafkajs, loadPlatformatic, type Peer, type PeerCodec } from './codec-peers.js';
import { spread } from './statistics.js';

// npm run bench:codec    how fast messages become bytes and bytes messages, beside other codecs; README.md says more

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    ms: { type: 'string', default: '200' },
    only: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});

type Run = () => unknown;

/** One thing that is done to one message, by us and by others. */
interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly ours: Run;
  readonly theirs: { readonly name: string; readonly run: Run } | null;
}

/** The rows of a message in a version: the other side of the protocol has no peer. */
async function rowsOf(
  message: Message,
  version: number,
  peer: { name: string; codec: PeerCodec } | null,
): Promise<Row[]> {
  const { key } = message;
  const request = encodeRequest(key, version, message.request(version));
  const response = encodeResponse(key, version, message.response);
  const decodeAs = (as: number, bytes: Buffer): unknown => decodeResponse(key, as, bytes);
  const title = `${message.api} v${String(version)}, ${message.what}`;
  if (peer === null) {
    const decoded = decodeResponse(key, version, response);
    return [
      {
        name: `${title}: decode request`,
        bytes: request.length,
        ours: () => decodeRequest(key, version, request),
        theirs: null,
      },
      {
        name: `${title}: encode response`,
        bytes: response.length,
        ours: () => encodeResponse(key, version, decoded),
        theirs: null,
      },
    ];
  }
  const { name, codec } = peer;
  const theirs = await codec.encodeRequest();
  // Record batches differ in their flags, and so in their checksum; all else is the same message.
  if (theirs.length !== request.length || (message.api !== 'Produce' && !theirs.equals(request))) {
    throw new Error(`${title}: ${name} encodes another request`);
  }
  return [
    {
      name: `${title}: encode request`,
      bytes: request.length,
      ours: () => encodeRequest(key, version, message.request(version)),
      theirs: { name, run: () => codec.encodeRequest() },
    },
    {
      name: `${title}: decode response`,
      bytes: response.length,
      ours: () => (message.decodeResponse ?? decodeAs)(version, response),
      theirs: { name, run: () => codec.decodeResponse(response) },
    },
  ];
}

/** The last result: what nobody keeps, a compiler may leave undone. */
let kept: unknown = null;

/** Operations per second; what returns a promise is awaited, as its callers have to. */
async function measure(run: Run, ms: number): Promise<number> {
  const waits = run() instanceof Promise;
  let count = 0;
  const start = performance.now();
  let elapsed = 0;
  for (let batch = 1; elapsed < ms; batch = Math.min(batch * 2, 256)) {
    if (waits) for (let index = 0; index < batch; index++) kept = await run();
    else for (let index = 0; index < batch; index++) kept = run();
    count += batch;
    elapsed = performance.now() - start;
  }
  return (count * 1000) / elapsed;
}

async function compare({ ours, theirs }: Row): Promise<{ ours: number; theirs: number | null; ratio: number | null }> {
  const ms = Number(options.ms);
  const own: number[] = [];
  const other: number[] = [];
  await measure(ours, ms);
  if (theirs !== null) await measure(theirs.run, ms);
  for (let round = 0; round < Number(options.rounds); round++) {
    // In turn, and each first every other time.
    if (theirs !== null && round % 2 === 1) other.push(await measure(theirs.run, ms));
    own.push(await measure(ours, ms));
    if (theirs !== null && round % 2 === 0) other.push(await measure(theirs.run, ms));
  }
  if (theirs === null) return { ours: spread(own).median, theirs: null, ratio: null };
  return {
    ours: spread(own).median,
    theirs: spread(other).median,
    ratio: spread(own.map((each, index) => each / other[index]!)).median,
  };
}

const peers: (Peer | null)[] = [loadKafkajs(), await loadPlatformatic(), null];
const compared = peers.flatMap((peer) => (peer === null ? [] : [`${peer.name} ${peer.version}`]));
console.log(`codec beside ${compared.join(' and ')}, Node.js ${process.versions.node}; operations and MB per second\n`);
let below = 0;
for (const message of messages) {
  const [latest] = peers.flatMap((peer) => peer?.codecs[message.api]?.version ?? []).sort((a, b) => b - a);
  for (const peer of peers) {
    if (peer === null && latest === undefined) continue;
    const codec = peer?.codecs[message.api];
    if (peer !== null && codec === undefined) continue;
    const version = codec?.version ?? latest!;
    for (const row of await rowsOf(message, version, peer && codec ? { name: peer.name, codec } : null)) {
      if (options.only !== undefined && !row.name.includes(options.only)) continue;
      const result = await compare(row);
      if (result.ratio !== null && result.ratio <= 1) below++;
      console.log(describe(row, result));
    }
  }
}
if (kept === null) throw new Error('nothing was measured');
if (options.check && below > 0) process.exitCode = 1;

function describe({ name, bytes, theirs }: Row, result: Awaited<ReturnType<typeof compare>>): string {
  const speed = (perSecond: number): string =>
    `${Math.round(perSecond).toLocaleString('en').padStart(10)}/s ${((perSecond * bytes) / 1e6).toFixed(0).padStart(5)} MB/s`;
  const other =
    theirs && result.theirs ? `  ${theirs.name.padEnd(19)} ${speed(result.theirs)}  x${result.ratio!.toFixed(1)}` : '';
  return `${name.padEnd(48)} ${speed(result.ours)}${other}`;
}
