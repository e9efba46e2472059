import {
  covers,
  type Field,
  type FieldType,
  intersect,
  isEmpty,
  type Message,
  type Primitive,
  type Struct,
  type Versions,
  within,
} from './model.js';

// What the emitters ask of a definition: names, types, defaults, conditions on the version.

/** The exported name of a struct: it carries its message's name, since struct names repeat over messages. */
export function typeName(message: Message, struct: string): string {
  return struct.startsWith(message.name) ? struct : message.name + struct;
}

export function structOf(message: Message, type: FieldType): Struct | null {
  if (type.kind === 'array') return structOf(message, type.element);
  if (type.kind === 'primitive') return null;
  const struct = message.structs.find(({ name }) => name === type.name);
  if (!struct) throw new Error(`${message.name}: no struct ${type.name}`);
  return struct;
}

/** The versions in which a field can appear at all. */
export function present(message: Message, field: Field): Versions {
  return intersect(field.versions, message.versions);
}

export function isPartial(message: Message, field: Field): boolean {
  return !covers(field.versions, message.versions);
}

/** A condition in code for "the version is in `versions`", given that it is in `given`; null when it always is. */
export function condition(versions: Versions, given: Versions): string | null {
  if (covers(versions, given)) return null;
  if (isEmpty(intersect(versions, given))) return 'false';
  if (versions.min <= given.min) return `version <= ${String(versions.max)}`;
  if (versions.max >= given.max) return `version >= ${String(versions.min)}`;
  return versions.min === versions.max
    ? `version === ${String(versions.min)}`
    : `version >= ${String(versions.min)} && version <= ${String(versions.max)}`;
}

/** The versions in which a field stands in line: where it is there and not tagged. Once tagged, it stays so. */
export function inLine({ versions, tag }: Field): Versions {
  return tag === null ? versions : { min: versions.min, max: tag.versions.min - 1 };
}

/** A condition in code for "the field may be null"; null when it always may. */
export function nullCondition(message: Message, field: Field): string | null {
  // A default of null says so as well: fields of a struct that not all versions have need not repeat its versions.
  return field.defaultText === 'null' ? null : condition(field.nullable, present(message, field));
}

/** Code that says whether a field is in compact form. */
export function flexibleOf(message: Message, field: Field): string {
  const test = condition(field.flexible ?? message.flexible, message.versions);
  if (test === null) return 'true';
  if (test === 'false') return 'false';
  return field.flexible ? test : 'flexible';
}

/** Whether code names a variable: a field or a text of that name is none. */
export function uses(code: string, variable: string): boolean {
  return new RegExp(`(?<![\\w']|(?<!\\.\\.)\\.)${variable}\\b(?!:)`).test(code);
}

/** What an element of a list is called: `topics` -> `topic`, `partitionData` -> `partition`, `partitionIndexes` -> `partitionIndex`. */
export function elementName(list: string, outer: string): string {
  const name = list
    .replace(/Data$/, '')
    .replace(/ies$/, 'y')
    .replace(/(?<=x|ss)es$/, '')
    .replace(/(?<!s)s$/, '');
  return name === outer || name === list ? `${name}Element` : name;
}

/** The function that reads or writes one element of an array. */
export function elementFunction(
  verb: 'read' | 'write',
  message: Message,
  element: FieldType,
  flexible: string,
): string {
  if (element.kind === 'struct') return verb + typeName(message, element.name);
  if (element.kind === 'array') throw new Error(`${message.name}: an array of arrays`);
  const name = element.name[0]!.toUpperCase() + element.name.slice(1);
  if ((element.name !== 'string' && element.name !== 'bytes') || flexible === 'false') return verb + name;
  return flexible === 'true' ? `${verb}Compact${name}` : `${flexible} ? ${verb}Compact${name} : ${verb}${name}`;
}

/** Whether a function over the message's structs needs `const flexible`. */
export function flexibleDeclaration(message: Message, body: string): string {
  if (!uses(body, 'flexible')) return '';
  // Where it is always so, no code asks: see flexibleOf.
  return `const flexible = ${condition(message.flexible, message.versions)!};\n`;
}

/** Required in what is encoded: by our rule everything but defaults, tags, throttle time and partial fields. */
export function isRequired(message: Message, field: Field): boolean {
  if (isErrorCode(field)) return true;
  return (
    field.defaultText === null && field.tag === null && field.name !== 'throttleTimeMs' && !isPartial(message, field)
  );
}

/** The code that decides whether an answer is a success. */
export function isErrorCode(field: Field): boolean {
  return field.name === 'errorCode' || field.name === 'partitionErrorCode';
}

export function isNullable(field: Field): boolean {
  return !isEmpty(field.nullable);
}

const TYPES: Record<Primitive, string> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  int64: 'bigint',
  float64: 'number',
  uuid: 'string',
  string: 'string',
  bytes: 'Buffer',
  records: 'Buffer',
};

export function decodedType(message: Message, type: FieldType): string {
  if (type.kind === 'array') return `${decodedType(message, type.element)}[]`;
  return type.kind === 'struct' ? typeName(message, type.name) : TYPES[type.name];
}

export function initType(message: Message, type: FieldType): string {
  if (type.kind === 'array') return `readonly ${initType(message, type.element)}[]`;
  if (type.kind === 'struct') return `${typeName(message, type.name)}Init`;
  if (type.name === 'bytes') return 'Uint8Array';
  return type.name === 'records' ? 'RecordsInit' : TYPES[type.name];
}

/** The default of a field as code: the explicit one, or Kafka's for the type. */
export function defaultCode(message: Message, field: Field): string {
  const { type, defaultText } = field;
  if (defaultText === 'null') return 'null';
  if (type.kind === 'array') return '[]';
  if (type.kind === 'struct') return `default${typeName(message, type.name)}()`;
  switch (type.name) {
    case 'bool':
      return defaultText ?? 'false';
    case 'string':
      return defaultText ?? `''`;
    case 'uuid':
      return defaultText === null ? 'NIL_UUID' : `'${defaultText}'`;
    case 'bytes':
      return 'Buffer.alloc(0)';
    case 'records':
      return 'null';
    case 'int64':
      return `${String(BigInt(defaultText ?? 0))}n`;
    default:
      return String(Number(defaultText ?? 0));
  }
}

/** Code that says whether `value.field` differs from its default; left out counts as the default. */
export function differsFromDefault(message: Message, field: Field): string {
  const access = `value.${field.name}`;
  const fallback = defaultCode(message, field);
  if (fallback === 'null') return `${access} !== undefined && ${access} !== null`;
  if (field.type.kind === 'array' || fallback === 'Buffer.alloc(0)') return `hasContent(${access})`;
  if (field.type.kind === 'struct') return `differs(${access}, isDefault${typeName(message, field.type.name)})`;
  return `${access} !== undefined && ${access} !== ${fallback}`;
}

/** The fewest bytes that a value of this type takes, over all versions of the message. */
export function minSize(message: Message, type: FieldType): number {
  if (type.kind === 'struct') {
    const struct = structOf(message, type)!;
    let least = Infinity;
    for (let version = message.versions.min; version <= message.versions.max; version++) {
      const flexible = within(message.flexible, version);
      let size = flexible ? 1 : 0;
      for (const field of struct.fields) {
        if (!within(field.versions, version) || (field.tag && within(field.tag.versions, version))) continue;
        if (field.type.kind === 'struct' && isNullable(field)) size += 1;
        else size += fieldSize(message, field.type, flexible);
      }
      least = Math.min(least, size);
    }
    return least;
  }
  return fieldSize(message, type, !isEmpty(intersect(message.flexible, message.versions)));
}

function fieldSize(message: Message, type: FieldType, flexible: boolean): number {
  if (type.kind === 'array') return flexible ? 1 : 4;
  if (type.kind === 'struct') return minSize(message, type);
  switch (type.name) {
    case 'bool':
    case 'int8':
      return 1;
    case 'int16':
    case 'uint16':
      return 2;
    case 'int32':
      return 4;
    case 'int64':
    case 'float64':
      return 8;
    case 'uuid':
      return 16;
    case 'string':
      return flexible ? 1 : 2;
    case 'bytes':
    case 'records':
      return flexible ? 1 : 4;
  }
}
