import { readdir, readFile } from 'node:fs/promises';
import { type ApiCodec, apis } from '../../protocol/index.js';
import { encodeRequestFrame } from '../../wire-client/index.js';
import { COMMAND, CommandError, describeError, FAILURE, USAGE } from '../errors.js';

/** What the fields of a golden request hold; fixtures/generator/ says more. */
export type Kind = 'minimal' | 'rich' | 'nulls' | 'nestedNulls';

export const kinds: readonly Kind[] = ['minimal', 'rich', 'nulls', 'nestedNulls'];

/** A request to be sent. */
export interface WireRequest {
  readonly api: ApiCodec;
  readonly version: number;
  /** Without length and header. */
  readonly body: Buffer;
}

/** A request as Kafka's own client writes it. */
export interface GoldenRequest extends WireRequest {
  readonly kind: Kind;
  /** Whether it is a Produce with acks 0, to which there is no answer. */
  readonly unanswered: boolean;
}

/** Which golden requests to take; what is left out takes all. */
export interface Selection {
  readonly apiKeys?: readonly number[] | undefined;
  readonly version?: number | undefined;
  readonly kind?: Kind | undefined;
}

/** One file of fixtures/golden/. The package has the requests only, in dist/fixtures/golden/. */
export interface GoldenFile {
  readonly api: string;
  readonly apiKey: number | null;
  readonly messages: readonly {
    readonly message: string;
    readonly version: number;
    readonly kind: Kind;
    readonly value: { readonly acks?: number };
    readonly hex: string;
  }[];
}

const FOLDER = new URL('../../../fixtures/golden/', import.meta.url);
const PRODUCE_KEY = 0;

/** The golden requests of a selection, by API key and version. @throws CommandError when there is none. */
export async function selectGolden(selection: Selection, folder: URL = FOLDER): Promise<GoldenRequest[]> {
  const { apiKeys, version, kind } = selection;
  const all = await loadGolden(folder);
  const unknown = apiKeys?.find((key) => !all.some(({ api }) => api.key === key));
  if (unknown !== undefined) throw new CommandError(USAGE, `--api-key ${String(unknown)}: ${NOT_THERE}`);
  const selected = all.filter(
    (request) =>
      (apiKeys?.includes(request.api.key) ?? true) &&
      (version ?? request.version) === request.version &&
      (kind ?? request.kind) === request.kind,
  );
  if (selected.length > 0) return selected;
  const flags = [
    ...(apiKeys ?? []).map((key) => `--api-key ${String(key)}`),
    ...(version === undefined ? [] : [`--version ${String(version)}`]),
    ...(kind === undefined ? [] : [`--kind ${kind}`]),
  ];
  throw new CommandError(USAGE, `${flags.join(' ')}: ${NOT_THERE}`);
}

const NOT_THERE = `there is no such message (${COMMAND} messages list)`;

async function loadGolden(folder: URL): Promise<GoldenRequest[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
    const requests = await Promise.all(texts.map((text) => requestsOf(JSON.parse(text) as GoldenFile)));
    return requests.flat().sort(byKeyAndVersion);
  } catch (error) {
    throw new CommandError(FAILURE, `the golden messages of the package cannot be read: ${describeError(error)}`);
  }
}

async function requestsOf({ api: name, apiKey, messages }: GoldenFile): Promise<GoldenRequest[]> {
  const api = await apis.find(({ key }) => key === apiKey)?.load?.();
  if (api === undefined) return []; // headers.json
  return messages
    .filter(({ message }) => message === `${name}Request`)
    .map(({ version, kind, value, hex }) => ({
      api,
      version,
      kind,
      body: Buffer.from(hex, 'hex'),
      unanswered: api.key === PRODUCE_KEY && value.acks === 0,
    }));
}

function byKeyAndVersion(one: GoldenRequest, other: GoldenRequest): number {
  const byVersion = one.api.key - other.api.key || one.version - other.version;
  return byVersion || kinds.indexOf(one.kind) - kinds.indexOf(other.kind);
}

/** A request on the wire: length, header, body. */
export function frameRequest({ api, version, body }: WireRequest, correlationId: number): Buffer {
  return encodeRequestFrame(api, version, { correlationId, clientId: COMMAND }, (writer) => {
    writer.raw(body);
  });
}

/** An API key as it stands in names, so that they sort: `003`. */
export function paddedKey(key: number): string {
  return String(key).padStart(3, '0');
}
