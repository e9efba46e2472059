import { fieldProblem, versionsProblem } from './check.js';
import {
  ALL,
  type Api,
  type Data,
  type Definitions,
  type Field,
  type FieldType,
  isEmpty,
  type Message,
  NONE,
  type Primitive,
  type Struct,
  type Versions,
} from './model.js';

// The language of the .api files, by indentation; lines that begin with # document what follows.
//
//   api KEY Name VERSIONS [flexible VERSIONS] [unstable VERSION]
//   request | response
//     name type [VERSIONS] [null VERSIONS] [tag N [VERSIONS]] [flexible VERSIONS] [ignorable] [nullisempty]
//               [from FIELD] [onerror VALUE] [= DEFAULT]
//       (fields of the struct that the type names, two spaces deeper)
//     struct Name
//       (fields of a struct that several fields use)
//
//   data Name VERSIONS [flexible VERSIONS]
//     (fields, as above: a message that is no API)
//
// VERSIONS is 3, 3+, 3-7 or none; left out it means all. A type is a primitive, []type, or the name of a struct.

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
  readonly doc: string;
}

const PRIMITIVES: ReadonlySet<string> = new Set<Primitive>([
  'bool',
  'int8',
  'int16',
  'uint16',
  'int32',
  'int64',
  'float64',
  'uuid',
  'string',
  'bytes',
  'records',
]);

/** Parses one .api file, which may hold several APIs and messages that are none. */
export function parseDefinitions(source: string, file: string): Definitions {
  const lines = readLines(source);
  const apis: Api[] = [];
  const data: Data[] = [];
  let at = 0;

  function takeBody(): Line[] {
    const body: Line[] = [];
    while (at < lines.length && lines[at]!.indent > 0) body.push(lines[at++]!);
    return body;
  }

  function takeApi(head: Line): Api {
    const api = parseHead(head, file);
    const messages: { request: Message | null; response: Message | null } = { request: null, response: null };
    while (at < lines.length && !/^(api|data) /.test(lines[at]!.text)) {
      const line = lines[at++]!;
      const section = line.text;
      if (line.indent !== 0 || (section !== 'request' && section !== 'response')) {
        fail(file, line, 'expected: request or response');
      }
      if (messages[section] !== null) fail(file, line, 'a second one');
      const name = `${api.name}${section === 'request' ? 'Request' : 'Response'}`;
      messages[section] = parseMessage(name, api.versions, api.flexible, takeBody(), file);
    }
    if ((messages.request === null) !== (messages.response === null)) fail(file, head, 'one message without the other');
    if (messages.request !== null && isEmpty(api.versions)) fail(file, head, 'messages without a version');
    return { ...api, ...messages };
  }

  while (at < lines.length) {
    const head = lines[at++]!;
    if (head.text.startsWith('data ')) data.push(parseData(head, takeBody(), file));
    else apis.push(takeApi(head));
  }
  return { apis, data };
}

function parseHead(head: Line, file: string): Omit<Api, 'request' | 'response'> {
  const match = /^api (\d+) ([A-Z]\w*) (\S+)((?: (?:flexible|unstable) \S+)*)$/.exec(head.text);
  if (head.indent !== 0 || match === null) {
    fail(file, head, 'expected: api KEY Name VERSIONS [flexible VERSIONS] [unstable VERSION]');
  }
  const [, key, name, versionsText, rest] = match;
  const unstableText = /unstable (\S+)/.exec(rest!)?.[1];
  const unstable = unstableText === undefined ? null : Number(unstableText);
  const [versions, flexible] = parseVersionsOf(head, versionsText!, /flexible (\S+)/.exec(rest!)?.[1], unstable, file);
  return { key: Number(key), name: name!, doc: head.doc, versions, flexible, unstable };
}

function parseData(head: Line, body: readonly Line[], file: string): Data {
  const match = /^data ([A-Z]\w*) (\S+)(?: flexible (\S+))?$/.exec(head.text);
  if (head.indent !== 0 || match === null) fail(file, head, 'expected: data Name VERSIONS [flexible VERSIONS]');
  const [, name, versionsText, flexibleText] = match;
  const [versions, flexible] = parseVersionsOf(head, versionsText!, flexibleText, null, file);
  if (isEmpty(versions)) fail(file, head, 'a message without a version');
  return { doc: head.doc, message: parseMessage(name!, versions, flexible, body, file) };
}

function parseVersionsOf(
  head: Line,
  versionsText: string,
  flexibleText: string | undefined,
  unstable: number | null,
  file: string,
): [versions: Versions, flexible: Versions] {
  const versions = parseVersions(versionsText, file, head);
  const flexible = parseVersions(flexibleText ?? 'none', file, head);
  const problem = versionsProblem(versions, flexible, unstable);
  if (problem !== null) fail(file, head, problem);
  return [versions, flexible];
}

function parseMessage(
  name: string,
  versions: Versions,
  flexible: Versions,
  lines: readonly Line[],
  file: string,
): Message {
  const structs: Struct[] = [];
  /** Where each field stands, to point at what is wrong with it once all is known. */
  const places = new Map<Field, Line>();
  let at = 0;

  function declare(struct: string, line: Line, indent: number): void {
    if (structs.some((other) => other.name === struct)) fail(file, line, `a second struct ${struct}`);
    // Declared before the structs within it, so that the generated file reads from the outside in.
    const fields: Field[] = [];
    structs.push({ name: struct, fields });
    fields.push(...parseFields(indent + 2));
  }

  function parseFields(indent: number): Field[] {
    const fields: Field[] = [];
    while (at < lines.length && lines[at]!.indent >= indent) {
      const line = lines[at++]!;
      if (line.indent !== indent) fail(file, line, `expected an indentation of ${String(indent)}`);
      const declared = /^struct (\w+)$/.exec(line.text);
      if (declared) {
        declare(declared[1]!, line, indent);
        continue;
      }
      const field = parseField(line, file);
      places.set(field, line);
      fields.push(field);
      if (at < lines.length && lines[at]!.indent > indent) {
        const element = field.type.kind === 'array' ? field.type.element : field.type;
        if (element.kind !== 'struct') fail(file, line, 'only a struct has fields');
        declare(element.name, line, indent);
      }
    }
    return fields;
  }

  const message: Message = { name, versions, flexible, root: { name, fields: parseFields(2) }, structs };
  for (const struct of [message.root, ...structs]) {
    for (const field of struct.fields) {
      const problem = fieldProblem(message, struct, field);
      if (problem !== null) fail(file, places.get(field)!, problem);
    }
  }
  return message;
}

function parseField(line: Line, file: string): Field {
  const [definition = '', defaultText] = line.text.split(' = ');
  const words = definition.split(' ');
  const name = words.shift()!;
  const type = parseType(words.shift() ?? fail(file, line, 'a field has a name and a type'));
  const isVersions = (word: string | undefined): boolean => word !== undefined && /^(\d+(\+|-\d+)?|none)$/.test(word);
  const takeVersions = (otherwise: Versions): Versions =>
    isVersions(words[0]) ? parseVersions(words.shift()!, file, line) : otherwise;

  const versions = takeVersions(ALL);
  let nullable = NONE;
  let tag: Field['tag'] = null;
  let flexible: Versions | null = null;
  let ignorable = false;
  let nullIsEmpty = false;
  let from: string | null = null;
  let onError: string | null = null;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === 'null') nullable = takeVersions(ALL);
    else if (word === 'tag') tag = { number: Number(words.shift()), versions: takeVersions(versions) };
    else if (word === 'flexible') flexible = takeVersions(ALL);
    else if (word === 'ignorable') ignorable = true;
    else if (word === 'nullisempty') nullIsEmpty = true;
    else if (word === 'from') from = words.shift() ?? fail(file, line, 'from what');
    else if (word === 'onerror') onError = words.shift() ?? fail(file, line, 'onerror what');
    else fail(file, line, `unknown word ${word}`);
  }
  return {
    name,
    doc: line.doc,
    type,
    versions,
    nullable,
    tag,
    flexible,
    ignorable,
    nullIsEmpty,
    defaultText: defaultText ?? null,
    from,
    onError,
  };
}

function parseType(text: string): FieldType {
  if (text.startsWith('[]')) return { kind: 'array', element: parseType(text.slice(2)) };
  if (PRIMITIVES.has(text)) return { kind: 'primitive', name: text as Primitive };
  return { kind: 'struct', name: text };
}

function parseVersions(text: string, file: string, line: Line): Versions {
  if (text === 'none') return NONE;
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text) ?? fail(file, line, `not a range of versions: ${text}`);
  const min = Number(match[1]);
  if (match[2] === undefined) return { min, max: min };
  const max = match[2] === '+' ? Infinity : Number(match[3]);
  return max < min ? fail(file, line, `not a range of versions: ${text}`) : { min, max };
}

function readLines(source: string): Line[] {
  const lines: Line[] = [];
  let doc: string[] = [];
  source.split('\n').forEach((raw, index) => {
    const text = raw.trim();
    if (text === '') return;
    if (text.startsWith('#')) {
      doc.push(text.slice(1).trim());
      return;
    }
    lines.push({ number: index + 1, indent: raw.length - raw.trimStart().length, text, doc: doc.join(' ') });
    doc = [];
  });
  return lines;
}

function fail(file: string, line: Line, problem: string): never {
  throw new Error(`${file}:${String(line.number)}: ${problem}: ${line.text}`);
}
