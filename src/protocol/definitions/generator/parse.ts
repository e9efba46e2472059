import {
  ALL,
  type Api,
  type Field,
  type FieldType,
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

/** Parses one .api file, which may hold several APIs. */
export function parseApis(source: string, file: string): Api[] {
  const lines = readLines(source);
  const apis: Api[] = [];
  let at = 0;
  while (at < lines.length) {
    const head = lines[at++]!;
    const words = head.text.split(' ');
    if (head.indent !== 0 || words[0] !== 'api' || words.length < 4)
      fail(file, head, 'expected: api KEY Name VERSIONS');
    const name = words[2]!;
    const versions = parseVersions(words[3]!, file, head);
    const options = new Map<string, string>();
    for (let index = 4; index < words.length; index += 2) options.set(words[index]!, words[index + 1] ?? '');
    const flexible = parseVersions(options.get('flexible') ?? 'none', file, head);
    const unstable = options.get('unstable');
    const messages: Record<string, Message> = {};
    while (at < lines.length && (lines[at]!.text === 'request' || lines[at]!.text === 'response')) {
      const section = lines[at++]!.text;
      const messageName = `${name}${section === 'request' ? 'Request' : 'Response'}`;
      const body: Line[] = [];
      while (at < lines.length && lines[at]!.indent > 0) body.push(lines[at++]!);
      messages[section] = parseMessage(messageName, versions, flexible, body, file);
    }
    apis.push({
      key: Number(words[1]),
      name,
      doc: head.doc,
      versions,
      flexible,
      unstable: unstable === undefined ? null : Number(unstable),
      request: messages['request'] ?? null,
      response: messages['response'] ?? null,
    });
  }
  return apis;
}

function parseMessage(
  name: string,
  versions: Versions,
  flexible: Versions,
  lines: readonly Line[],
  file: string,
): Message {
  const structs: Struct[] = [];
  let at = 0;

  function parseFields(indent: number): Field[] {
    const fields: Field[] = [];
    while (at < lines.length && lines[at]!.indent >= indent) {
      const line = lines[at++]!;
      if (line.indent !== indent) fail(file, line, `expected an indentation of ${String(indent)}`);
      const declared = /^struct (\w+)$/.exec(line.text);
      if (declared) {
        structs.push({ name: declared[1]!, fields: parseFields(indent + 2) });
        continue;
      }
      const field = parseField(line, file);
      fields.push(field);
      if (at < lines.length && lines[at]!.indent > indent) {
        const element = field.type.kind === 'array' ? field.type.element : field.type;
        if (element.kind !== 'struct') fail(file, line, 'only a struct has fields');
        // Declared before the structs within it, so that the generated file reads from the outside in.
        const place = structs.length;
        const inner = parseFields(indent + 2);
        structs.splice(place, 0, { name: element.name, fields: inner });
      }
    }
    return fields;
  }

  const root: Struct = { name, fields: parseFields(2) };
  return { name, versions, flexible, root, structs };
}

function parseField(line: Line, file: string): Field {
  const [definition = '', defaultText] = line.text.split(' = ');
  const words = definition.split(' ');
  const name = words.shift() ?? '';
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
    else if (word === 'from') from = words.shift() ?? null;
    else if (word === 'onerror') onError = words.shift() ?? null;
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
  return { min, max: match[2] === '+' ? Infinity : Number(match[3]) };
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
