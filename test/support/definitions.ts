import { readdirSync, readFileSync } from 'node:fs';
import {
  type Api,
  type Data,
  type Field,
  type FieldType,
  type Message,
  type Struct,
  within,
} from '../../src/protocol/definitions/generator/model.js';
import { parseDefinitions } from '../../src/protocol/definitions/generator/parse.js';

// What the definitions say, read without the emitters: tests compare it with what the generated codecs do.

/** A decoded message, or part of one. */
export type Value = Record<string, unknown>;

const folder = new URL('../../src/protocol/definitions/', import.meta.url);

const files = readdirSync(folder)
  .filter((name) => name.endsWith('.api'))
  .map((name) => parseDefinitions(readFileSync(new URL(name, folder), 'utf8'), name));

/** Every API, those known by name among them. */
export const allApis: readonly Api[] = files.flatMap(({ apis }) => apis).sort((a, b) => a.key - b.key);

/** The APIs that have a codec, by key. */
export const definedApis: readonly Api[] = allApis.filter(({ request }) => request !== null);

/** The messages that are no APIs. */
export const allData: readonly Data[] = files.flatMap(({ data }) => data);

/** Every message by name, such as `FetchRequest`; those that are no APIs among them. */
export const messages: ReadonlyMap<string, Message> = new Map(
  [
    ...definedApis.flatMap(({ request, response }) => [request!, response!]),
    ...allData.map(({ message }) => message),
  ].map((message) => [message.name, message]),
);

export function messageNamed(name: string): Message {
  return messages.get(name) ?? fail(`no definition of ${name}`);
}

export function structNamed(message: Message, name: string): Struct {
  return message.structs.find((struct) => struct.name === name) ?? fail(`${message.name} has no struct ${name}`);
}

/** Whether a field is tagged in a version. */
export function isTagged(field: Field, version: number): boolean {
  return field.tag !== null && within(field.tag.versions, version);
}

/** The fields that a version carries, in the order of the wire: tagged ones last, by tag. */
export function carried(struct: Struct, version: number): Field[] {
  const there = struct.fields.filter((field) => within(field.versions, version));
  const tagged = there.filter((field) => isTagged(field, version)).sort((a, b) => a.tag!.number - b.tag!.number);
  return [...there.filter((field) => !isTagged(field, version)), ...tagged];
}

/** Kafka's default of a field: the explicit one, or the one of its type. */
export function defaultOf(message: Message, { type, defaultText }: Field): unknown {
  if (defaultText === 'null') return null;
  if (type.kind === 'array') return [];
  if (type.kind === 'struct') return complete(message, structNamed(message, type.name), {});
  switch (type.name) {
    case 'bool':
      return defaultText === 'true';
    case 'string':
      return defaultText === null ? '' : defaultText.slice(1, -1);
    case 'uuid':
      return defaultText ?? '00000000-0000-0000-0000-000000000000';
    case 'bytes':
      return Buffer.alloc(0);
    case 'records':
      return null;
    case 'int64':
      return BigInt(defaultText ?? 0);
    default:
      return Number(defaultText ?? 0);
  }
}

/** A value with every field: those that it lacks hold their default. */
export function complete(message: Message, struct: Struct, value: Value): Value {
  return Object.fromEntries(
    struct.fields.map((field) => {
      const found = value[field.name];
      return [
        field.name,
        found === undefined ? defaultOf(message, field) : mapStructs(message, field.type, found, complete),
      ];
    }),
  );
}

/** Turns a value out of JSON into what our codecs take: int64 is text there, bytes and records are hex. */
export function revive(message: Message, struct: Struct, json: Value): Value {
  return Object.fromEntries(
    Object.entries(json).map(([name, found]) => {
      const field = struct.fields.find((each) => each.name === name) ?? fail(`${struct.name} has no field ${name}`);
      return [name, reviveAs(message, field.type, found)];
    }),
  );
}

function reviveAs(message: Message, type: FieldType, found: unknown): unknown {
  if (type.kind === 'array' && Array.isArray(found)) return found.map((each) => reviveAs(message, type.element, each));
  if (found === null || type.kind !== 'primitive') return mapStructs(message, type, found, revive);
  if (type.name === 'int64') return BigInt(found as string);
  return type.name === 'bytes' || type.name === 'records' ? Buffer.from(found as string, 'hex') : found;
}

function mapStructs(
  message: Message,
  type: FieldType,
  found: unknown,
  map: (message: Message, struct: Struct, value: Value) => Value,
): unknown {
  if (found === null || type.kind === 'primitive') return found;
  if (type.kind === 'struct') return map(message, structNamed(message, type.name), found as Value);
  return (found as unknown[]).map((each) => mapStructs(message, type.element, each, map));
}

function fail(problem: string): never {
  throw new Error(problem);
}
