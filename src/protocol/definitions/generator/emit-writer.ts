import { type Field, intersect, type Message, type Struct } from './model.js';
import {
  condition,
  defaultCode,
  differsFromDefault,
  elementFunction,
  flexibleDeclaration,
  flexibleOf,
  inLine,
  isNullable,
  isRequired,
  nullCondition,
  structOf,
  typeName,
  uses,
} from './shape.js';

/** The function that writes a struct. */
export function emitWriter(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const fields = mergeConditions(struct.fields.map((field) => writeField(message, field)));
  const body = [fields, writeTaggedFields(message, struct)].filter((code) => code !== '').join('\n');
  const version = uses(body, 'version') || uses(body, 'flexible') ? 'version' : '_version';
  const value = uses(body, 'value') ? 'value' : '_value';
  const writer = uses(body, 'writer') ? 'writer' : '_writer';
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
  const test = condition(inLine(field), message.versions);
  // What becomes of a tagged field elsewhere stands with the section of tagged fields.
  const otherwise = field.tag === null && !field.ignorable ? refusal(message, field) : '';
  if (test === 'false') return { test: null, write: otherwise, otherwise: '' };
  return { test, write: writePresent(message, field, false), otherwise };
}

function refusal(message: Message, field: Field): string {
  return `if (${differsFromDefault(message, field)}) writer.refuseField('${field.name}', version);`;
}

/** Neighbours under the same condition share one `if`. */
function mergeConditions(all: readonly FieldCode[]): string {
  const fields = all.filter(({ write }) => write !== '');
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

function writePresent(message: Message, field: Field, tagged: boolean): string {
  if (!isNullable(field)) return writeAs(message, field, false, tagged);
  const test = nullCondition(message, field);
  if (test === null) return writeAs(message, field, true, tagged);
  if (test === 'false') return writeAs(message, field, false, tagged);
  return `if (${test}) {\n${writeAs(message, field, true, tagged)}\n} else {\n${writeAs(message, field, false, tagged)}\n}`;
}

function writeAs(message: Message, field: Field, nullable: boolean, tagged: boolean): string {
  const { type } = field;
  const flexible = flexibleOf(message, field);
  const given = valueCode(message, field, tagged);
  const value = isNullable(field) && !nullable ? `notNull(${given})` : given;
  if (type.kind === 'struct') {
    const method = !nullable ? 'struct' : tagged ? 'nullableTaggedStruct' : 'nullableStruct';
    return `writer.${method}(${value}, write${typeName(message, type.name)}, version);`;
  }
  if (type.kind === 'array') {
    const write = elementFunction('write', message, type.element, flexible);
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

/** The value to write: the default where it may be left out. */
function valueCode(message: Message, field: Field, tagged: boolean): string {
  const access = `value.${field.name}`;
  // A tagged field is written only when it is there and not the default.
  if (tagged || isRequired(message, field)) return access;
  const fallback = defaultCode(message, field);
  if (fallback === 'null') return `${access} ?? null`;
  return `orDefault(${access}, ${fallback === '[]' ? 'NOTHING' : fallback})`;
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
    return `if (${test}${differsFromDefault(message, field)}) {
const size = writer.openTaggedField(section, ${String(field.tag!.number)});
${writePresent(message, field, true)}
writer.closeTaggedField(size);
}`;
  });
  // What must not be dropped is refused where there is no place for it.
  const refusals = tagged.flatMap((field): FieldCode[] => {
    // A tagged field has no last version, so it is missing in early ones only.
    const first = field.versions.min;
    if (field.ignorable || first <= given.min) return [];
    return [{ test: `version < ${String(first)}`, write: refusal(message, field), otherwise: '' }];
  });
  return [mergeConditions(refusals), `${open}{\nconst section = writer.openTaggedFields();\n${fields.join('\n')}\n}`]
    .join('\n')
    .trim();
}

/** Tells whether a struct holds nothing but defaults. */
export function emitIsDefault(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const tests = struct.fields.map((field) => differsFromDefault(message, field));
  return `
function isDefault${name}(value: ${name}Init): boolean {
  return !(${tests.map((test) => `(${test})`).join(' || ')});
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
