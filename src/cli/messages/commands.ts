import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { apis } from '../../protocol/index.js';
import { CommandError, describeError, FAILURE } from '../errors.js';
import type { Io } from '../io.js';
import { choice, endpoint, parseGiven, wholeNumber } from '../values.js';
import { askVersions, exchange } from './exchange.js';
import { frameRequest, type GoldenRequest, kinds, paddedKey, selectGolden, type Selection } from './golden.js';
import { ReconnectingClient } from './reconnecting-client.js';

/** What the flags say of which messages are meant. */
export interface SelectionFlags {
  readonly apiKey?: readonly string[];
  readonly version?: string;
  readonly kind?: string;
}

export interface GenerateFlags extends SelectionFlags {
  readonly output?: string;
  readonly hex?: boolean;
}

export interface ServerFlags extends SelectionFlags {
  readonly host: string;
  readonly timeoutMs: string;
}

/** Writes one line per API that has a codec. */
export function list(io: Io): void {
  io.out('key  API                   versions  flexible from\n');
  for (const { key, name, load, versions, flexibleFrom, unstableFrom } of apis) {
    if (load === undefined || versions === null) continue;
    const flexible = flexibleFrom < 0 ? '-' : String(flexibleFrom);
    const unstable = unstableFrom === null ? '' : `  (unstable from ${String(unstableFrom)})`;
    const range = `${String(versions.min)}-${String(versions.max)}`;
    io.out(`${String(key).padStart(3)}  ${name.padEnd(20)}  ${range.padEnd(8)}  ${flexible}${unstable}\n`);
  }
}

/** Writes framed requests: into files, or as hex to the standard output where no folder is given. */
export async function generate(flags: GenerateFlags, io: Io): Promise<void> {
  const requests = await selectGolden(parseSelection(flags));
  const { hex = false, output } = flags;
  if (hex && output === undefined) {
    for (const request of requests) io.out(`${fileName(request)} ${frame(request).toString('hex')}\n`);
    return;
  }
  const folder = output ?? '.';
  try {
    await mkdir(folder, { recursive: true });
    for (const request of requests) {
      const bytes = frame(request);
      const file = path.join(folder, fileName(request));
      await (hex ? writeFile(`${file}.hex`, `${bytes.toString('hex')}\n`) : writeFile(`${file}.bin`, bytes));
    }
  } catch (error) {
    throw new CommandError(FAILURE, `--output ${JSON.stringify(folder)}: ${describeError(error)}`);
  }
  io.out(`${String(requests.length)} messages written to ${folder}\n`);
}

/** Sends messages and writes one line about each answer. */
export async function send(flags: ServerFlags, io: Io): Promise<void> {
  const requests = await selectGolden(parseSelection(flags));
  await withClient(flags, async (client) => {
    for (const request of requests) {
      const { text } = await exchange(client, request);
      io.out(`${title(request)}: ${text}\n`);
    }
  });
}

/** As {@link send}, of the versions that the server has; answers with the exit code. */
export async function verify(flags: ServerFlags, io: Io): Promise<0 | 1> {
  const requests = await selectGolden(parseSelection(flags));
  const counts = { good: 0, failed: 0, skipped: 0 };
  const skipped = new Map<string, Set<number>>();
  await withClient(flags, async (client) => {
    const advertises = await askVersions(client);
    for (const request of requests) {
      const { api, version, kind } = request;
      if (!advertises(api.key, version)) {
        counts.skipped++;
        const name = `${paddedKey(api.key)} ${api.name}`;
        skipped.set(name, (skipped.get(name) ?? new Set()).add(version));
        continue;
      }
      const { ok, text } = await exchange(client, request);
      counts[ok ? 'good' : 'failed']++;
      io.out(`${title(request)} ${kind}: ${text}\n`);
    }
  });
  for (const [name, versions] of skipped) {
    io.out(`${name} v${[...versions].join(' v')}: skipped, the server does not advertise it\n`);
  }
  io.out(`${String(counts.good)} good, ${String(counts.failed)} failed, ${String(counts.skipped)} skipped\n`);
  if (counts.good + counts.failed === 0) {
    throw new CommandError(FAILURE, 'nothing was verified: the server advertises none of these versions');
  }
  return counts.failed === 0 ? 0 : FAILURE;
}

async function withClient(flags: ServerFlags, use: (client: ReconnectingClient) => Promise<void>): Promise<void> {
  const server = parseGiven({ name: '--host', text: flags.host }, endpoint(1));
  const timeoutMs = parseGiven({ name: '--timeout-ms', text: flags.timeoutMs }, wholeNumber(1, 2_147_483_647));
  const client = new ReconnectingClient(server, timeoutMs);
  try {
    await use(client);
  } finally {
    client.close();
  }
}

function parseSelection({ apiKey, version, kind }: SelectionFlags): Selection {
  const int16 = wholeNumber(0, 32767);
  return {
    apiKeys: apiKey?.map((text) => parseGiven({ name: '--api-key', text }, int16)),
    version: version === undefined ? undefined : parseGiven({ name: '--version', text: version }, int16),
    kind: kind === undefined ? undefined : parseGiven({ name: '--kind', text: kind }, choice(kinds)),
  };
}

/** A request whose correlation id tells API key and version: a hex dump of the answer says what it belongs to. */
function frame(request: GoldenRequest): Buffer {
  return frameRequest(request, request.api.key * 0x10000 + request.version);
}

function fileName({ api, version }: GoldenRequest): string {
  return `${paddedKey(api.key)}_${api.name}_v${String(version)}`;
}

function title({ api, version }: GoldenRequest): string {
  return `${paddedKey(api.key)} ${api.name} v${String(version)}`;
}
