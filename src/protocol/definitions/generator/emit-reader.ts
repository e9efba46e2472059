import { type Field, type FieldType, intersect, type Message, type Struct } from './model.js';
import {
  condition,
  defaultCode,
  flexibleDeclaration,
  flexibleOf,
  isNullable,
  leastSize,
  present,
  structOf,
  typeName,
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
  const version = /\bversion\b|\bflexible\b/.test(body) ? 'version' : '_version';
  return `
function read${name}(reader: Reader, ${version}: number): ${name} {
${flexibleDeclaration(message, body)}${body}}
`;
}

function readField(message: Message, field: Field): string {
  const fallback = absentCode(message, field);
  if (field.tag !== null) {
    // Tagged in some versions only: in the others it stands in line.
    const inLine = { ...field, tag: null };
    const untagged = condition(field.tag.versions, present(message, field));
    return untagged === null ? fallback : `${not(untagged)} ? ${readField(message, inLine)} : ${fallback}`;
  }
  const test = condition(field.versions, message.versions);
  const read = readPresent(message, field);
  if (test === null) return read;
  return test === 'false' ? fallback : `${test} ? ${read} : ${fallback}`;
}

/** What a version holds that does not carry the field. Struct defaults are made by a function, so that none is shared. */
function absentCode(message: Message, field: Field): string {
  if (field.type.kind === 'struct' && isNullable(field)) {
    return field.defaultText === 'null' ? 'null' : defaultCode(message, field);
  }
  return defaultCode(message, field);
}

function readPresent(message: Message, field: Field): string {
  if (!isNullable(field)) return readAs(message, field, false);
  const test = condition(field.nullable, present(message, field));
  if (test === null) return readAs(message, field, true);
  if (test === 'false') return readAs(message, field, false);
  return `${test} ? ${readAs(message, field, true)} : ${readAs(message, field, false)}`;
}

function readAs(message: Message, field: Field, nullable: boolean): string {
  const { type } = field;
  const flexible = flexibleOf(message, field);
  if (type.kind === 'struct') {
    const read = `read${typeName(message, type.name)}(reader, version)`;
    return nullable ? `reader.present() ? ${read} : null` : read;
  }
  if (type.kind === 'array') {
    const args = `${elementReader(message, type.element, flexible)}, version, ${flexible}, ${String(leastSize(message, type.element))}`;
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

function elementReader(message: Message, element: FieldType, flexible: string): string {
  if (element.kind === 'struct') return `read${typeName(message, element.name)}`;
  if (element.kind === 'array') throw new Error(`${message.name}: an array of arrays is not in Kafka's language`);
  if (element.name !== 'string') return `read${element.name[0]!.toUpperCase()}${element.name.slice(1)}`;
  if (flexible === 'true') return 'readCompactString';
  return flexible === 'false' ? 'readString' : `${flexible} ? readCompactString : readString`;
}

function readTagged(message: Message, field: Field): string {
  const tag = field.tag!;
  const known = condition(tag.versions, intersect(message.versions, message.flexible));
  const test = `tag === ${String(tag.number)}${known === null ? '' : ` && ${known}`}`;
  return `if (${test}) value.${field.name} = ${readPresent(message, field)};`;
}

/** A fresh struct that holds nothing but defaults. */
export function emitDefault(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const entries = struct.fields.map((field) => `${field.name}: ${absentCode(message, field)},`);
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

function not(test: string): string {
  return `!(${test})`;
}
