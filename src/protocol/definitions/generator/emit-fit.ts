import { type Field, type Message, type Struct } from './model.js';
import { condition, defaultCode, elementName, isNullable, isPartial, isRequired, structOf, typeName } from './shape.js';

/** Functions that drop from a response what a version does not carry and would be refused; empty where nothing is. */
export function emitFit(response: Message): string {
  return [response.root, ...response.structs]
    .filter((struct) => isFitted(response, struct))
    .map((struct) => fitFunction(response, struct))
    .join('');
}

function fitFunction(message: Message, struct: Struct): string {
  const name = typeName(message, struct.name);
  const all = carriesAllFrom(message, struct);
  const given = { min: message.versions.min, max: Math.min(all - 1, message.versions.max) };
  const entries = struct.fields.flatMap((field) => {
    const test = isRefused(message, field) ? condition(field.versions, given) : null;
    const inner = isHolder(message, field);
    if (test === null && !inner) return [];
    const kept = inner ? fitWithin(message, field) : `value.${field.name}`;
    const dropped = isRequired(message, field) ? defaultCode(message, field) : 'undefined';
    if (test === null) return [`${field.name}: ${kept},`];
    return [`${field.name}: ${test === 'false' ? dropped : `${test} ? ${kept} : ${dropped}`},`];
  });
  return `
function fit${name}(value: ${name}Init, version: number): ${name}Init {
${all <= message.versions.max ? `if (version >= ${String(all)}) return value;\n` : ''}return {
...value,
${entries.join('\n')}
};
}
`;
}

function fitWithin(message: Message, field: Field): string {
  const access = `value.${field.name}`;
  const fit = `fit${typeName(message, structOf(message, field.type)!.name)}`;
  const element = elementName(field.name, 'value');
  const fitted =
    field.type.kind === 'array'
      ? `${access}.map((${element}) => ${fit}(${element}, version))`
      : `${fit}(${access}, version)`;
  return isNullable(field) || !isRequired(message, field) ? `${access} && ${fitted}` : fitted;
}

/** Whether some version would refuse a value of the field. */
function isRefused(message: Message, field: Field): boolean {
  return isPartial(message, field) && !field.ignorable;
}

/** Whether a field holds structs that are fitted themselves. */
function isHolder(message: Message, field: Field): boolean {
  const inner = structOf(message, field.type);
  return inner !== null && isFitted(message, inner);
}

function isFitted(message: Message, struct: Struct): boolean {
  return struct.fields.some((field) => isRefused(message, field) || isHolder(message, field));
}

/** The first version from which on nothing is refused; beyond the last when there is none. */
function carriesAllFrom(message: Message, struct: Struct): number {
  const firsts = struct.fields.map((field) => {
    const own = isRefused(message, field)
      ? field.versions.max < message.versions.max
        ? Infinity
        : field.versions.min
      : message.versions.min;
    return isHolder(message, field) ? Math.max(own, carriesAllFrom(message, structOf(message, field.type)!)) : own;
  });
  return Math.max(...firsts);
}
