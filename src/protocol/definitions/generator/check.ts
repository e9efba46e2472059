import {
  covers,
  type Field,
  intersect,
  isEmpty,
  type Message,
  type Primitive,
  type Struct,
  type Versions,
} from './model.js';

// What a definition may not say, by Kafka's rules or by ours: found here, it has a line to point at.

/** What is wrong with an API's versions; null when nothing is. */
export function versionsProblem(versions: Versions, flexible: Versions, unstable: number | null): string | null {
  if (versions.max === Infinity) return 'the versions of an API have an end';
  if (!isEmpty(flexible) && flexible.max !== Infinity) return 'flexible once, flexible ever after: expected none or N+';
  if (unstable !== null && !(unstable >= versions.min && unstable <= versions.max)) {
    return 'the unstable version is none of the versions';
  }
  return null;
}

/** What is wrong with a field; null when nothing is. */
export function fieldProblem(message: Message, struct: Struct, field: Field): string | null {
  if (!/^[a-z]\w*$/.test(field.name)) return 'a name begins with a small letter';
  if (struct.fields.find(({ name }) => name === field.name) !== field) return `a second field ${field.name}`;
  return (
    typeProblem(message, field) ?? nullProblem(field) ?? tagProblem(message, struct, field) ?? defaultProblem(field)
  );
}

function typeProblem(message: Message, { type, flexible, nullIsEmpty }: Field): string | null {
  const element = type.kind === 'array' ? type.element : type;
  if (element.kind === 'array') return 'an array of arrays is not in the language';
  if (element.kind === 'struct' && !message.structs.some(({ name }) => name === element.name)) {
    return `no struct ${element.name}`;
  }
  if (type.kind === 'array' && element.kind === 'primitive' && element.name === 'records') {
    return 'an array of records is not in the language';
  }
  if (nullIsEmpty && type.kind !== 'array') return 'only an array can be read as empty';
  if (flexible !== null && !(type.kind === 'primitive' && (type.name === 'string' || type.name === 'bytes'))) {
    return 'only strings and bytes have flexible versions of their own';
  }
  return null;
}

const NULLABLE: ReadonlySet<Primitive> = new Set<Primitive>(['string', 'bytes', 'records']);

function nullProblem({ type, nullable, defaultText }: Field): string | null {
  if (!isEmpty(nullable) && type.kind === 'primitive' && !NULLABLE.has(type.name)) return `${type.name} cannot be null`;
  if (isEmpty(nullable) && defaultText === 'null') return 'null is the default of a field that cannot be null';
  return null;
}

function tagProblem(message: Message, struct: Struct, field: Field): string | null {
  const { tag, type, versions, nullable } = field;
  if (tag === null) return null;
  if (!Number.isInteger(tag.number) || tag.number < 0) return 'a tag is a number';
  if (struct.fields.some((other) => other !== field && other.tag?.number === tag.number)) {
    return `a second field with tag ${String(tag.number)}`;
  }
  if (type.kind === 'primitive' && type.name === 'records') return 'records cannot be tagged';
  if (tag.versions.max !== Infinity) return 'tagged once, tagged ever after: expected N+';
  if (!covers(versions, tag.versions)) return 'tagged in versions that do not have the field';
  if (!covers(message.flexible, intersect(tag.versions, message.versions))) return 'tagged in versions without tags';
  const both = intersect(nullable, tag.versions);
  if (!isEmpty(both) && !covers(nullable, tag.versions)) return 'tagged in versions some of which allow null';
  return null;
}

const RANGES: Partial<Record<Primitive, readonly [bigint, bigint]>> = {
  int8: [-0x80n, 0x7fn],
  int16: [-0x8000n, 0x7fffn],
  uint16: [0n, 0xffffn],
  int32: [-0x8000_0000n, 0x7fff_ffffn],
  int64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

function defaultProblem({ type, defaultText }: Field): string | null {
  if (defaultText === null || defaultText === 'null') return null;
  return type.kind === 'primitive' && isValueOf(type.name, defaultText)
    ? null
    : `${defaultText} is no default of this type`;
}

function isValueOf(type: Primitive, text: string): boolean {
  const range = RANGES[type];
  if (range !== undefined) {
    if (!/^(-?\d+|0x[0-9a-f]+)$/i.test(text)) return false;
    const value = BigInt(text);
    return value >= range[0] && value <= range[1];
  }
  switch (type) {
    case 'bool':
      return text === 'true' || text === 'false';
    case 'float64':
      return /^-?\d+(\.\d+)?$/.test(text);
    case 'string':
      return /^"[^"\\]*"$/.test(text);
    case 'uuid':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
    default:
      return false;
  }
}
