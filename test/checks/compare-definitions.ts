import {
  type Api,
  type Data,
  type Field,
  type FieldType,
  intersect,
  isEmpty,
  type Message,
  type Struct,
  type Versions,
} from '../../src/protocol/definitions/generator/model.js';
import { allApis, allData, structNamed } from '../support/definitions.js';
import type { OfficialField, OfficialMessage } from './official-definitions.js';
import { dashed } from './print-definition.js';

/** The messages that are no APIs and that we define as well. */
const DATA = /^ConsumerProtocol/;

/** What one side says of a field, in words: equal words are equal bytes. */
type Facts = Readonly<Record<string, string>>;

/** Every difference between the official definitions and ours, a line each; empty when there is none. */
export function compareDefinitions(
  official: readonly OfficialMessage[],
  apis: readonly Api[] = allApis,
  data: readonly Data[] = allData,
): string[] {
  const named = new Map(official.map((message) => [message.name, message]));
  const requests = official.filter(({ type }) => type === 'request');
  const messages = official.filter(({ type, name }) => type === 'data' && DATA.test(name));
  return [
    ...requests.flatMap((request) => {
      const name = request.name.replace(/Request$/, '');
      const api = apis.find((each) => each.name === name);
      if (api === undefined) return [`${name}: key ${String(request.apiKey)}, not defined here`];
      return compareApi(request, named.get(`${name}Response`)!, api);
    }),
    ...apis.filter(({ name }) => !named.has(`${name}Request`)).map(({ name }) => `${name}: no official API`),
    ...messages.flatMap((message) => {
      const ours = data.find((each) => each.message.name === message.name);
      return ours === undefined ? [`${message.name}: not defined here`] : compareMessage(message, ours.message);
    }),
  ];
}

function compareApi(request: OfficialMessage, response: OfficialMessage, api: Api): string[] {
  const forClients = request.validVersions !== 'none' && (request.listeners ?? []).includes('broker');
  const about = differences(
    api.name,
    {
      key: String(request.apiKey),
      versions: text(parse(request.validVersions)),
      flexible: text(parse(request.flexibleVersions)),
      unstable: request.latestVersionUnstable === true ? String(parse(request.validVersions).max) : 'none',
      codec: String(forClients),
    },
    {
      key: String(api.key),
      versions: text(api.versions),
      flexible: text(isEmpty(api.versions) ? parse(request.flexibleVersions) : api.flexible),
      unstable: String(api.unstable ?? 'none'),
      codec: String(api.request !== null),
    },
  );
  if (!forClients || api.request === null || api.response === null) return about;
  return [...about, ...compareMessage(request, api.request), ...compareMessage(response, api.response)];
}

function compareMessage(official: OfficialMessage, ours: Message): string[] {
  const versions = parse(official.validVersions);
  const flexible = parse(official.flexibleVersions);
  return [
    ...differences(
      ours.name,
      { versions: text(versions), flexible: text(flexible) },
      { versions: text(ours.versions), flexible: text(ours.flexible) },
    ),
    ...compareFields(official, official.fields, ours, ours.root, versions, ours.name),
  ];
}

/** @param given - The versions in which the struct can stand where it stands. */
function compareFields(
  official: OfficialMessage,
  fields: readonly OfficialField[],
  message: Message,
  struct: Struct,
  given: Versions,
  path: string,
): string[] {
  const names = fields.map(({ name }) => lowered(name));
  const own = struct.fields.map(({ name }) => name);
  if (names.join() !== own.join()) return [`${path}: fields ${own.join(' ')} should be ${names.join(' ')}`];
  return fields.flatMap((field, index) => {
    const ours = struct.fields[index]!;
    const place = `${path}.${ours.name}`;
    const found = differences(place, officialFacts(field, given), ownFacts(ours, given));
    const inner = field.fields ?? official.commonStructs?.find(({ name }) => name === structOf(field.type))?.fields;
    const element = ours.type.kind === 'array' ? ours.type.element : ours.type;
    if (inner === undefined || element.kind !== 'struct') return found;
    const there = intersect(parse(field.versions), given);
    return [...found, ...compareFields(official, inner, message, structNamed(message, element.name), there, place)];
  });
}

function officialFacts(field: OfficialField, given: Versions): Facts {
  const there = intersect(parse(field.versions), given);
  return {
    type: field.type,
    versions: text(there),
    null: text(intersect(parse(field.nullableVersions), there)),
    tag: field.tag === undefined ? 'none' : String(field.tag),
    tagged: text(intersect(parse(field.taggedVersions), there)),
    flexible: field.flexibleVersions ?? 'as the message',
    ignorable: String(field.ignorable ?? false),
    default: defaultText(field),
  };
}

function ownFacts(field: Field, given: Versions): Facts {
  const there = intersect(field.versions, given);
  return {
    type: typeText(field.type),
    versions: text(there),
    // A default of null says that it may be null wherever it is.
    null: text(field.defaultText === 'null' ? there : intersect(field.nullable, there)),
    tag: field.tag === null ? 'none' : String(field.tag.number),
    tagged: text(field.tag === null ? parse(undefined) : intersect(field.tag.versions, there)),
    flexible: field.flexible === null ? 'as the message' : text(field.flexible),
    ignorable: String(field.ignorable),
    default: field.defaultText === null ? 'none' : normalDefault(field.type, field.defaultText),
  };
}

function differences(place: string, official: Facts, ours: Facts): string[] {
  return Object.entries(official)
    .filter(([fact, value]) => ours[fact] !== value)
    .map(([fact, value]) => `${place}: ${fact} is ${ours[fact]!}, should be ${value}`);
}

/** Nothing is said by an empty default of an array or of bytes: that is what they are by themselves. */
function defaultText({ type, default: value }: OfficialField): string {
  if (value === undefined || (value === '' && (type.startsWith('[]') || type === 'bytes'))) return 'none';
  if (value === 'null') return 'null';
  if (type === 'string') return JSON.stringify(value);
  if (type === 'uuid') return dashed(String(value));
  return /^int|^uint/.test(type) ? BigInt(value).toString() : String(value);
}

function normalDefault(type: FieldType, value: string): string {
  return type.kind === 'primitive' && /^u?int/.test(type.name) ? BigInt(value).toString() : value;
}

function typeText(type: FieldType): string {
  return type.kind === 'array' ? `[]${typeText(type.element)}` : type.name;
}

function structOf(type: string): string {
  return type.replace('[]', '');
}

function lowered(name: string): string {
  return name[0]!.toLowerCase() + name.slice(1);
}

function parse(versions: string | undefined): Versions {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(versions ?? '');
  if (match === null) return { min: 0, max: -1 };
  const min = Number(match[1]);
  return { min, max: match[2] === undefined ? min : match[2] === '+' ? Infinity : Number(match[3]) };
}

function text({ min, max }: Versions): string {
  if (min > max) return 'none';
  if (max === Infinity) return `${String(min)}+`;
  return min === max ? String(min) : `${String(min)}-${String(max)}`;
}
