import { covers, type Field, type FieldType, intersect, type Message, type Struct } from './model.js';
import {
  condition,
  defaultCode,
  elementName,
  isErrorCode,
  isNullable,
  isRequired,
  present,
  structOf,
  uses,
} from './shape.js';

/** What an error answer is made from, where it is made: the request or one element of an array in it. */
interface Source {
  readonly request: Message;
  /** Null for an element that is no struct, and where there is nothing to echo. */
  readonly struct: Struct | null;
  /** The variable that holds it. */
  readonly name: string;
}

/** The function that answers a request with nothing but one error, fanned out over what was asked for. */
export function emitErrorResponse(request: Message, response: Message): string {
  const source: Source = { request, struct: request.root, name: 'request' };
  const literal = errorStruct(source, response, response.root);
  const parameters = used(literal, [
    `request: ${request.name}`,
    'version: number',
    'errorCode: number',
    'errorMessage: string | null',
  ]);
  return `
function errorResponse(${parameters}): ${response.name}Init {
  return ${literal};
}
`;
}

/** The function that answers a request that could not be read; empty where there is no error code at the top. */
export function emitRejection(request: Message, response: Message): string {
  if (!response.root.fields.some(isErrorCode)) return '';
  const bare = response.root.fields.map((field) => ({ ...field, from: null }));
  const source: Source = { request, struct: null, name: 'request' };
  const literal = errorStruct(source, response, { ...response.root, fields: bare });
  const parameters = used(literal, ['version: number', 'errorCode: number', 'errorMessage: string | null']);
  return `
function rejection(${parameters}): ${response.name}Init {
  return ${literal};
}
`;
}

/** Parameters as a person would write them: no more than are used, and those before them marked where they are not. */
function used(body: string, parameters: readonly string[]): string {
  const names = parameters.map((parameter) => parameter.slice(0, parameter.indexOf(':')));
  const last = names.findLastIndex((name) => uses(body, name));
  return parameters
    .slice(0, last + 1)
    .map((parameter, index) => (uses(body, names[index]!) ? parameter : `_${parameter}`))
    .join(', ');
}

function errorStruct(source: Source, response: Message, struct: Struct): string {
  const entries: string[] = [];
  for (const field of struct.fields) {
    const code = errorField(source, response, field);
    if (code !== null) entries.push(code === field.name ? `${field.name},` : `${field.name}: ${code},`);
  }
  return `{\n${entries.join('\n')}\n}`;
}

/** Code for one field of an error answer; null to leave it out. */
function errorField(source: Source, response: Message, field: Field): string | null {
  if (isErrorCode(field)) return whereCarried(response, field, 'errorCode');
  if (field.name === 'errorMessage') return whereCarried(response, field, 'errorMessage');
  if (field.from !== null) return echo(source, response, field, field.from);
  if (field.onError !== null) return whereCarried(response, field, onErrorCode(field, field.onError));
  if (!isRequired(response, field)) return null;
  const twin = source.struct?.fields.find(({ name }) => name === field.name);
  if (twin && isEchoed(field.type)) return echo(source, response, field, field.name);
  if (field.type.kind === 'struct') {
    return errorStruct({ ...source, struct: null }, response, structOf(response, field.type)!);
  }
  return defaultCode(response, field);
}

/** By name alone no bytes are echoed: what goes by the same name there may be another's, or a secret. */
function isEchoed(type: FieldType): boolean {
  return type.kind === 'primitive' && type.name !== 'bytes' && type.name !== 'records';
}

/** A value that a version does not carry would be refused, unless the field is one to be dropped. */
function whereCarried(response: Message, field: Field, code: string): string {
  const test = field.ignorable ? null : condition(field.versions, response.versions);
  return test === null ? code : `${test} ? ${code} : ${defaultCode(response, field)}`;
}

function echo(source: Source, response: Message, field: Field, from: string): string | null {
  if (field.type.kind !== 'array') return echoValue(source, response, field, from);
  const lists = from.split(',').map((path) => echoList(source, response, field, path));
  return lists.length === 1 ? lists[0]! : `[${lists.map((list) => `...${list}`).join(', ')}]`;
}

/** A value out of the element; which field of it may differ with the array that the element comes from. */
function echoValue(source: Source, response: Message, field: Field, from: string): string | null {
  const { struct, name } = source;
  for (const path of from.split(',')) {
    if (path === 'element' && struct === null) return name;
    if (path === 'none') return null;
    const origin = struct?.fields.find((each) => each.name === path);
    if (!origin) continue;
    const access = `${name}.${path}`;
    const value = isNullable(origin) ? `${access}${insteadOfNull(origin, field)}` : access;
    return covers(field.versions, present(source.request, origin)) ? value : whereCarried(response, field, value);
  }
  throw new Error(`${response.name}: ${field.name} comes from ${from}, which ${struct?.name ?? name} does not have`);
}

/** Kafka echoes an empty string where null was given and the response has no null for it. */
function insteadOfNull(origin: Field, field: Field): string {
  const test = condition(field.nullable, intersect(origin.nullable, field.versions));
  if (test === null) return '';
  return test === 'false' ? ` ?? ''` : ` ?? (${test} ? null : '')`;
}

/** One entry for each element of an array of the request; `dirs.topics` goes through the arrays within an array. */
function echoList(source: Source, response: Message, field: Field, path: string): string {
  const [first = '', ...deeper] = path.split('.');
  const origin = source.struct?.fields.find(({ name }) => name === first);
  if (!origin) throw new Error(`${response.name}: ${field.name} comes from ${path}, which the request does not have`);
  const access = `${source.name}.${first}`;
  const list = isNullable(origin) ? `(${access} ?? [])` : access;
  const name = elementName(first, source.name);
  const element: Source = { request: source.request, struct: structOf(source.request, origin.type), name };
  if (deeper.length > 0) {
    return `${list}.flatMap((${name}) => ${echoList(element, response, field, deeper.join('.'))})`;
  }
  const inner = structOf(response, field.type);
  if (inner === null) return access;
  const literal = errorStruct(element, response, inner);
  return `${list}.map((${uses(literal, name) ? name : ''}) => (${literal}))`;
}

function onErrorCode(field: Field, text: string): string {
  if (text === 'empty') return field.type.kind === 'array' ? '[]' : 'Buffer.alloc(0)';
  if (field.type.kind === 'primitive' && field.type.name === 'int64') return `${text}n`;
  return text;
}

/** The function that finds the first error code of a response. */
export function emitFindErrorCode(response: Message): string {
  const body = findIn(response, response.root, 'response');
  return `
function findErrorCode(${used(body, [`response: ${response.name}Init`, 'version: number'])}): number {
${body}return 0;
}
`;
}

function findIn(message: Message, struct: Struct, value: string): string {
  let code = '';
  for (const field of struct.fields) {
    const test = condition(field.versions, message.versions);
    if (isErrorCode(field)) {
      const carried = test === null ? '' : `${test} && `;
      code += `if (${carried}${value}.${field.name} !== 0) return ${value}.${field.name};\n`;
    } else if (field.type.kind === 'array' && field.type.element.kind === 'struct') {
      const element = elementName(field.name, value);
      const inner = findIn(message, structOf(message, field.type)!, element);
      if (inner === '') continue;
      const optional = !isRequired(message, field) || isNullable(field);
      const loop = `for (const ${element} of ${value}.${field.name}${optional ? ' ?? []' : ''}) {\n${inner}}\n`;
      code += test === null ? loop : `if (${test}) {\n${loop}}\n`;
    }
  }
  return code;
}

/** The function that gives record memory back to its owners; empty where a response has no records. */
export function emitReleaseRecords(response: Message): string {
  const body = releaseIn(response, response.root, 'response');
  if (body === '') return '';
  return `
function releaseRecords(response: ${response.name}Init, onError: (error: unknown) => void): void {
${body}}
`;
}

function releaseIn(message: Message, struct: Struct, value: string): string {
  let code = '';
  for (const field of struct.fields) {
    if (field.type.kind === 'primitive' && field.type.name === 'records') {
      code += `release(${value}.${field.name}, onError);\n`;
    } else if (field.type.kind === 'array' && field.type.element.kind === 'struct') {
      const element = elementName(field.name, value);
      const inner = releaseIn(message, structOf(message, field.type)!, element);
      if (inner !== '') code += `for (const ${element} of structsOf(${value}.${field.name})) {\n${inner}}\n`;
    }
  }
  return code;
}
