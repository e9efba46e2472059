import type { Api, Field, Message, Struct } from './model.js';
import { condition, defaultCode, isErrorCode, isNullable, isRequired, structOf, uses } from './shape.js';

/** The function that answers a request with nothing but one error, fanned out over what was asked for. */
export function emitErrorResponse(api: Api, request: Message, response: Message): string {
  const literal = errorStruct(request, request.root, response, response.root, 'request');
  const parameter = (name: string): string => (uses(literal, name) ? name : `_${name}`);
  return `
function errorResponse(
  ${parameter('request')}: ${request.name},
  ${parameter('errorCode')}: number,
  ${parameter('errorMessage')}: string | null,
): ${response.name}Init {
  return ${literal};
}
`;
}

/** The function that answers a request that could not be read; empty where there is no error code at the top. */
export function emitRejection(api: Api, request: Message, response: Message): string {
  if (!response.root.fields.some(isErrorCode)) return '';
  const withoutRequest = { ...response.root, fields: response.root.fields.map((field) => ({ ...field, from: null })) };
  const literal = errorStruct(request, null, response, withoutRequest, 'request');
  const message = uses(literal, 'errorMessage') ? 'errorMessage' : '_errorMessage';
  return `
function rejection(errorCode: number, ${message}: string | null): ${api.name}ResponseInit {
  return ${literal};
}
`;
}

function errorStruct(
  request: Message,
  source: Struct | null,
  response: Message,
  struct: Struct,
  sourceName: string,
): string {
  const entries: string[] = [];
  for (const field of struct.fields) {
    const code = errorField(request, source, response, field, sourceName);
    if (code !== null) entries.push(code === field.name ? `${field.name},` : `${field.name}: ${code},`);
  }
  return `{\n${entries.join('\n')}\n}`;
}

/** Code for one field of an error answer; null to leave it out. */
function errorField(
  request: Message,
  source: Struct | null,
  response: Message,
  field: Field,
  sourceName: string,
): string | null {
  if (isErrorCode(field)) return 'errorCode';
  if (field.name === 'errorMessage') return 'errorMessage';
  if (field.from !== null) return echo(request, source, response, field, field.from, sourceName);
  if (field.onError !== null) return onErrorCode(field, field.onError);
  if (!isRequired(response, field)) return null;
  const twin = source?.fields.find(({ name }) => name === field.name);
  if (twin && field.type.kind === 'primitive') return echo(request, source, response, field, field.name, sourceName);
  if (field.type.kind === 'struct') {
    return errorStruct(request, null, response, structOf(response, field.type)!, sourceName);
  }
  return defaultCode(response, field);
}

function echo(
  request: Message,
  source: Struct | null,
  response: Message,
  field: Field,
  from: string,
  sourceName: string,
): string {
  if (from === 'element') return sourceName;
  const origin = source?.fields.find(({ name }) => name === from);
  if (!origin) throw new Error(`${response.name}: ${field.name} comes from ${from}, which the request does not have`);
  const access = `${sourceName}.${from}`;
  if (field.type.kind !== 'array') return isNullable(origin) && !isNullable(field) ? `${access} ?? ''` : access;
  if (field.type.element.kind !== 'struct') return access;
  const element = elementName(from, sourceName);
  const inner = structOf(response, field.type)!;
  const literal = errorStruct(request, structOf(request, origin.type), response, inner, element);
  const list = isNullable(origin) ? `(${access} ?? [])` : access;
  return `${list}.map((${element}) => (${literal}))`;
}

/** \`topics\` -> \`topic\`, \`partitionData\` -> \`partition\`. */
function elementName(list: string, outer: string): string {
  const name = list.replace(/Data$/, '').replace(/ies$/, 'y').replace(/s$/, '');
  return name === outer || name === list ? `${name}Element` : name;
}

function onErrorCode(field: Field, text: string): string {
  if (text === 'empty') return field.type.kind === 'array' ? '[]' : 'Buffer.alloc(0)';
  if (field.type.kind === 'primitive' && field.type.name === 'int64') return `${text}n`;
  return text;
}

/** The function that finds the first error code of a response. */
export function emitFindErrorCode(response: Message): string {
  const body = findIn(response, response.root, 'response');
  const parameter = (name: string): string => (uses(body, name) ? name : `_${name}`);
  return `
function findErrorCode(${parameter('response')}: ${response.name}Init, ${parameter('version')}: number): number {
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
