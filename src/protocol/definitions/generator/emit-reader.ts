import { type Field, intersect, type Message, type Struct } from './model.js';
import {
  condition,
  defaultCode,
  elementFunction,
  flexibleDeclaration,
  flexibleOf,
  inLine,
  isNullable,
  minSize,
  nullCondition,
  structOf,
  typeName,
  uses,
} from './shape.js';

/** The function that reads a struct. */
export function emitReader(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const tagged = struct.fields.filter((field) => field.tag !== null);
  const entries = struct.fields.map((field) => `${field.name}: ${readField(message, field)},`);
  const literal = `{\n${entries.join('\n')}\n}`;
  let body: string;
  const sectionTest = condition(message.flexible, message.versions);
  const ifFlexible = sectionTest === null ? '' : 'if (flexible) ';
  if (sectionTest === 'false') {
    body = `return ${literal};\n`;
  } else if (tagged.length === 0) {
    body = `const value: ${name} = ${literal};\n${ifFlexible}reader.skipTaggedFields();\nreturn value;\n`;
  } else {
    const cases = tagged.map((field) => readTagged(message, field)).join('\nelse ');
    body = `const value: ${name} = ${literal};
${ifFlexible}{
  for (let count = reader.uvarint(); count > 0; count--) {
    const tag = reader.uvarint();
    const end = reader.taggedFieldEnd();
    ${cases}
    else reader.skipTo(end);
    reader.expectTaggedFieldEnd(end);
  }
}
return value;
`;
  }
  const version = uses(body, 'version') || uses(body, 'flexible') ? 'version' : '_version';
  const reader = uses(body, 'reader') ? 'reader' : '_reader';
  return `
function read${name}(${reader}: Reader, ${version}: number): ${name} {
${flexibleDeclaration(message, body)}${body}}
`;
}

function readField(message: Message, field: Field): string {
  const fallback = defaultCode(message, field);
  const test = condition(inLine(field), message.versions);
  if (test === 'false') return fallback;
  const read = readPresent(message, field, false);
  return test === null ? read : `${test} ? ${read} : ${fallback}`;
}

function readPresent(message: Message, field: Field, tagged: boolean): string {
  if (!isNullable(field)) return readAs(message, field, false, tagged);
  const test = nullCondition(message, field);
  if (test === null) return readAs(message, field, true, tagged);
  if (test === 'false') return readAs(message, field, false, tagged);
  return `${test} ? ${readAs(message, field, true, tagged)} : ${readAs(message, field, false, tagged)}`;
}

function readAs(message: Message, field: Field, nullable: boolean, tagged: boolean): string {
  const { type } = field;
  const flexible = flexibleOf(message, field);
  if (type.kind === 'struct') {
    const read = `read${typeName(message, type.name)}(reader, version)`;
    return nullable ? `reader.${tagged ? 'presentInTag' : 'present'}() ? ${read} : null` : read;
  }
  if (type.kind === 'array') {
    const args = `${elementFunction('read', message, type.element, flexible)}, version, ${flexible}, ${String(minSize(message, type.element))}`;
    if (field.nullIsEmpty) return `reader.nullableArray(${args}) ?? []`;
    return nullable ? `reader.nullableArray(${args})` : `reader.array(${args})`;
  }
  switch (type.name) {
    case 'string':
      return nullable ? `reader.nullableString(${flexible})` : `reader.string(${flexible})`;
    case 'bytes':
    case 'records':
      return nullable ? `reader.nullableBytes(${flexible})` : `reader.bytes(${flexible})`;
    default:
      return `reader.${type.name}()`;
  }
}

function readTagged(message: Message, field: Field): string {
  const tag = field.tag!;
  const known = condition(tag.versions, intersect(message.versions, message.flexible));
  const test = `tag === ${String(tag.number)}${known === null ? '' : ` && ${known}`}`;
  return `if (${test}) value.${field.name} = ${readPresent(message, field, true)};`;
}

/** A fresh struct that holds nothing but defaults. */
export function emitDefault(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const entries = struct.fields.map((field) => `${field.name}: ${defaultCode(message, field)},`);
  return `
function default${name}(): ${name} {
  return {\n${entries.join('\n')}\n};
}
`;
}

/** Structs that some field holds by default, directly or within another such struct. */
export function structsWithDefaults(message: Message): Struct[] {
  const wanted = new Set<Struct>();
  for (const struct of [message.root, ...message.structs]) {
    for (const field of struct.fields) {
      if (field.type.kind !== 'struct' || field.defaultText === 'null') continue;
      const always = field.tag === null && condition(field.versions, message.versions) === null;
      if (!always) wanted.add(structOf(message, field.type)!);
    }
  }
  for (const struct of wanted) {
    for (const field of struct.fields) {
      if (field.type.kind === 'struct' && field.defaultText !== 'null') wanted.add(structOf(message, field.type)!);
    }
  }
  return [...wanted];
}
