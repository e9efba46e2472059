import { type Field, type FieldType, intersect, type Message, type Struct } from './model.js';
import {
  condition,
  defaultCode,
  differsFromDefault,
  flexibleDeclaration,
  flexibleOf,
  isNullable,
  isRequired,
  present,
  structOf,
  typeName,
} from './shape.js';

/** The function that writes a struct. */
export function emitWriter(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const inLine = mergeConditions(struct.fields.map((field) => writeField(message, field)));
  const body = [inLine, writeTaggedFields(message, struct)].filter((code) => code !== '').join('\n');
  const version = /\bversion\b|\bflexible\b/.test(body) ? 'version' : '_version';
  const value = /\bvalue\b/.test(body) ? 'value' : '_value';
  const writer = /\bwriter\b/.test(body) ? 'writer' : '_writer';
  return `
function write${name}(${writer}: Writer, ${value}: ${name}Init, ${version}: number): void {
${flexibleDeclaration(message, body)}${body}
}
`;
}

/** What writes one field: under a condition on the version, and with what happens where it does not hold. */
interface FieldCode {
  readonly test: string | null;
  readonly write: string;
  readonly otherwise: string;
}

function writeField(message: Message, field: Field): FieldCode {
  if (field.tag !== null) {
    const untagged = condition(field.tag.versions, present(message, field));
    if (untagged === null) return { test: null, write: '', otherwise: '' };
    return { test: `!(${untagged})`, write: writePresent(message, field), otherwise: '' };
  }
  const test = condition(field.versions, message.versions);
  const refuse = `if (${differsFromDefault(message, field, 'value')}) writer.refuseField('${field.name}', version);`;
  const otherwise = field.ignorable ? '' : refuse;
  if (test === 'false') return { test: null, write: otherwise, otherwise: '' };
  return { test, write: writePresent(message, field), otherwise };
}

/** Neighbours under the same condition share one `if`. */
function mergeConditions(fields: readonly FieldCode[]): string {
  let code = '';
  for (let index = 0; index < fields.length; index++) {
    const { test, write, otherwise } = fields[index]!;
    if (test === null) {
      code += `${write}\n`;
      continue;
    }
    let body = write;
    let last = otherwise;
    while (last === '' && fields[index + 1]?.test === test) {
      index++;
      body += `\n${fields[index]!.write}`;
      last = fields[index]!.otherwise;
    }
    code += last === '' ? `if (${test}) {\n${body}\n}\n` : `if (${test}) {\n${body}\n} else ${last}\n`;
  }
  return code.trim();
}

function writePresent(message: Message, field: Field): string {
  if (!isNullable(field)) return writeAs(message, field, false);
  const test = condition(field.nullable, present(message, field));
  if (test === null) return writeAs(message, field, true);
  if (test === 'false') return writeAs(message, field, false);
  // Where null is not allowed the value goes on as it is: the writer refuses null by name and place.
  return `if (${test}) {\n${writeAs(message, field, true)}\n} else {\n${writeAs(message, field, false)}\n}`;
}

function writeAs(message: Message, field: Field, nullable: boolean): string {
  const { type } = field;
  const flexible = flexibleOf(message, field);
  const access = `value.${field.name}`;
  const given = isRequired(message, field) ? access : `${access} ?? ${defaultInit(message, field, nullable)}`;
  const value = isNullable(field) && !nullable ? `notNull(${given})` : given;
  if (type.kind === 'struct') {
    return `writer.${nullable ? 'nullableStruct' : 'struct'}(${value}, write${typeName(message, type.name)}, version);`;
  }
  if (type.kind === 'array') {
    const write = elementWriter(message, type.element, flexible);
    return `writer.${nullable ? 'nullableArray' : 'array'}(${value}, ${write}, version, ${flexible});`;
  }
  switch (type.name) {
    case 'string':
      return `writer.${nullable ? 'nullableString' : 'string'}(${value}, ${flexible});`;
    case 'bytes':
      return `writer.${nullable ? 'nullableBytes' : 'bytes'}(${value}, ${flexible});`;
    case 'records':
      return `writer.${nullable ? 'nullableRecords' : 'records'}(${value}, ${flexible});`;
    default:
      return `writer.${type.name}(${value});`;
  }
}

/** The default in the form that is written; `undefined` and `null` differ for a field that may be null. */
function defaultInit(message: Message, field: Field, nullable: boolean): string {
  const fallback = defaultCode(message, field);
  if (!nullable && fallback === 'null') return `''`;
  return fallback === '[]' ? 'NOTHING' : fallback;
}

function elementWriter(message: Message, element: FieldType, flexible: string): string {
  if (element.kind === 'struct') return `write${typeName(message, element.name)}`;
  if (element.kind === 'array') throw new Error(`${message.name}: an array of arrays is not in Kafka's language`);
  if (element.name !== 'string') return `write${element.name[0]!.toUpperCase()}${element.name.slice(1)}`;
  if (flexible === 'true') return 'writeCompactString';
  return flexible === 'false' ? 'writeString' : `${flexible} ? writeCompactString : writeString`;
}

function writeTaggedFields(message: Message, struct: Struct): string {
  const given = message.versions;
  const sectionTest = condition(message.flexible, given);
  if (sectionTest === 'false') return '';
  const tagged = struct.fields.filter((field) => field.tag !== null).sort((a, b) => a.tag!.number - b.tag!.number);
  const open = sectionTest === null ? '' : 'if (flexible) ';
  if (tagged.length === 0) return `${open}writer.noTaggedFields();`;
  const fields = tagged.map((field) => {
    const known = condition(field.tag!.versions, intersect(given, message.flexible));
    const test = known === null ? '' : `${known} && `;
    return `if (${test}${differsFromDefault(message, field, 'value')}) {
const size = writer.openTaggedField(section, ${String(field.tag!.number)});
${writePresent(message, field)}
writer.closeTaggedField(size);
}`;
  });
  // A tagged field that must not be dropped is refused where there is no section for it.
  const refusals = tagged.flatMap((field) => {
    const carried = condition(field.tag!.versions, given);
    if (field.ignorable || carried === null) return [];
    return [
      `if (!(${carried}) && ${differsFromDefault(message, field, 'value')}) writer.refuseField('${field.name}', version);`,
    ];
  });
  return [...refusals, `${open}{\nconst section = writer.openTaggedFields();\n${fields.join('\n')}\n}`].join('\n');
}

/** Tells whether a struct holds nothing but defaults. */
export function emitIsDefault(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const tests = struct.fields.map((field) => differsFromDefault(message, field, 'value'));
  return `
function isDefault${name}(value: ${name}Init): boolean {
  return !(${tests.join(' || ')});
}
`;
}

/** Structs that are compared with their default: tagged ones, and those that a version may not carry. */
export function structsCompared(message: Message): Struct[] {
  const wanted = new Set<Struct>();
  for (const struct of [message.root, ...message.structs]) {
    for (const field of struct.fields) {
      if (field.type.kind !== 'struct' || defaultCode(message, field) === 'null') continue;
      const carried = condition(field.versions, message.versions) === null;
      if (field.tag !== null || (!carried && !field.ignorable)) wanted.add(structOf(message, field.type)!);
    }
  }
  for (const struct of wanted) {
    for (const field of struct.fields) {
      if (field.type.kind === 'struct' && defaultCode(message, field) !== 'null')
        wanted.add(structOf(message, field.type)!);
    }
  }
  return [...wanted];
}
