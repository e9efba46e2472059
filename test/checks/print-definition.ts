import type { OfficialField, OfficialMessage } from './official-definitions.js';

// An official definition in our language, to begin a file of definitions with: what is left to write are the comments,
// and where an error goes.

export function printApi(request: OfficialMessage, response: OfficialMessage): string {
  const { apiKey, name, validVersions, latestVersionUnstable } = request;
  const unstable = latestVersionUnstable === true ? ` unstable ${validVersions.split('-').at(-1)!}` : '';
  const head = `api ${String(apiKey)} ${name.replace(/Request$/, '')} ${validVersions}${flexible(request)}${unstable}`;
  return `# \n${head}\n\nrequest\n${printFields(request)}\nresponse\n${printFields(response)}`;
}

export function printData(message: OfficialMessage): string {
  return `# \ndata ${message.name} ${message.validVersions}${flexible(message)}\n${printFields(message)}`;
}

function flexible({ flexibleVersions = 'none' }: OfficialMessage): string {
  return flexibleVersions === 'none' ? '' : ` flexible ${flexibleVersions}`;
}

function printFields({ fields, commonStructs = [] }: OfficialMessage): string {
  const structs = commonStructs.map(({ name, fields: inner }) => `  struct ${name}\n${printEach(inner, '    ')}`);
  return printEach(fields, '  ') + structs.join('');
}

function printEach(fields: readonly OfficialField[], indent: string): string {
  return fields
    .map((field) => `${indent}# \n${indent}${printField(field)}\n${printEach(field.fields ?? [], `${indent}  `)}`)
    .join('');
}

function printField(field: OfficialField): string {
  const { type, versions = field.taggedVersions, nullableVersions, tag, taggedVersions, flexibleVersions } = field;
  return [
    field.name[0]!.toLowerCase() + field.name.slice(1),
    type,
    versions === '0+' ? '' : versions,
    nullableVersions === undefined ? '' : `null ${nullableVersions}`,
    tag === undefined ? '' : `tag ${String(tag)} ${taggedVersions!}`,
    flexibleVersions === undefined ? '' : `flexible ${flexibleVersions}`,
    field.ignorable === true ? 'ignorable' : '',
    defaultText(field),
  ]
    .filter((word) => word !== '')
    .join(' ');
}

function defaultText({ type, default: value }: OfficialField): string {
  if (value === undefined || (value === '' && (type.startsWith('[]') || type === 'bytes'))) return '';
  if (value === 'null' || type !== 'string') return `= ${type === 'uuid' ? dashed(String(value)) : String(value)}`;
  return `= ${JSON.stringify(value)}`;
}

/** Kafka writes uuids in base64. */
export function dashed(base64: string): string {
  const hex = Buffer.from(base64, 'base64url').toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
