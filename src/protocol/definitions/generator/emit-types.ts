import { type Field, isEmpty, type Message, type Struct, type Versions } from './model.js';
import { decodedType, initType, isNullable, isPartial, isRequired, present, typeName } from './shape.js';

/** The two interfaces of a struct: what decoding gives, and what encoding takes. */
export function emitTypes(message: Message, struct: Struct, doc: string): string {
  const name = typeName(message, struct.name);
  const decoded = struct.fields.map((field) => {
    const nullable = isNullable(field) ? ' | null' : '';
    return `${fieldDoc(message, field)}${field.name}: ${decodedType(message, field.type)}${nullable};`;
  });
  const init = struct.fields.map((field) => {
    const nullable = isNullable(field) ? ' | null' : '';
    const type = `${initType(message, field.type)}${nullable}`;
    const member = isRequired(message, field) ? `${field.name}: ${type};` : `${field.name}?: ${type} | undefined;`;
    return `${fieldDoc(message, field)}readonly ${member}`;
  });
  return `
/** ${doc} */
export interface ${name} {
${decoded.join('\n')}
}

/** What is needed to encode a {@link ${name}}. */
export interface ${name}Init {
${init.join('\n')}
}
`;
}

function fieldDoc(message: Message, field: Field): string {
  const where = isPartial(message, field) ? ` (${versionsText(present(message, field), message.versions)})` : '';
  const text = `${field.doc.replace(/\.$/, '')}${where}${field.doc === '' ? '' : '.'}`.trim();
  return text === '' ? '' : `/** ${text} */\n`;
}

/** Versions for people: `v3`, `v3+`, `v3 to v7`. */
function versionsText(versions: Versions, all: Versions): string {
  if (isEmpty(versions)) return 'in no version';
  if (versions.min === versions.max) return `v${String(versions.min)}`;
  if (versions.max >= all.max) return `v${String(versions.min)}+`;
  return `v${String(versions.min)} to v${String(versions.max)}`;
}
