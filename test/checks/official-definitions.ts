/** A field as the official definitions have it. */
export interface OfficialField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly tag?: number;
  readonly taggedVersions?: string;
  readonly flexibleVersions?: string;
  readonly ignorable?: boolean;
  readonly default?: string | number | boolean;
  readonly fields?: readonly OfficialField[];
}

/** A message as the official definitions have it, without its prose. */
export interface OfficialMessage {
  readonly type: 'request' | 'response' | 'data' | 'header' | 'metadata' | 'coordinator-key' | 'coordinator-value';
  readonly name: string;
  readonly apiKey?: number;
  readonly listeners?: readonly string[];
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields: readonly OfficialField[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly OfficialField[] }[];
}

/** Parses an official definition: JSON with comments. */
export function parseOfficial(text: string): OfficialMessage {
  const json = text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*/g, (_, literal: string | undefined) => literal ?? '');
  return JSON.parse(json) as OfficialMessage;
}
