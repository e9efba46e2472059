/** Versions from `min` to `max`, both included; `max` is Infinity for "and later". */
export interface Versions {
  readonly min: number;
  readonly max: number;
}

export const ALL: Versions = { min: 0, max: Infinity };
export const NONE: Versions = { min: 0, max: -1 };

export type Primitive =
  'bool' | 'int8' | 'int16' | 'uint16' | 'int32' | 'int64' | 'float64' | 'uuid' | 'string' | 'bytes' | 'records';

/** What a field holds: a primitive, a struct by name, or an array of either. */
export type FieldType =
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'array'; readonly element: FieldType };

export interface Field {
  readonly name: string;
  readonly doc: string;
  readonly type: FieldType;
  readonly versions: Versions;
  readonly nullable: Versions;
  /** Tag and the versions in which the field is tagged. */
  readonly tag: { readonly number: number; readonly versions: Versions } | null;
  /** When set, overrides the message's own flexible versions (the client id of a request header does). */
  readonly flexible: Versions | null;
  readonly ignorable: boolean;
  /** A null on the wire is read as empty although the field cannot be null. */
  readonly nullIsEmpty: boolean;
  /** The explicit default as written, or null. */
  readonly defaultText: string | null;
  /**
   * For error answers: the field of the request (or of its element) that is echoed or fanned out over, as written.
   * Several by commas; `dirs.topics` for what lies one array deeper.
   */
  readonly from: string | null;
  /** For error answers: what the field holds then. */
  readonly onError: string | null;
}

export interface Struct {
  /** The official name. */
  readonly name: string;
  readonly fields: readonly Field[];
}

/** One message: a request, a response, or data of its own such as ConsumerProtocolSubscription. */
export interface Message {
  readonly name: string;
  readonly versions: Versions;
  readonly flexible: Versions;
  readonly root: Struct;
  /** All structs but the root, in the order they are declared. */
  readonly structs: readonly Struct[];
}

export interface Api {
  readonly key: number;
  readonly name: string;
  readonly doc: string;
  readonly versions: Versions;
  readonly flexible: Versions;
  /** A latest version that Kafka calls unstable, or null. */
  readonly unstable: number | null;
  /** Null for an API that is known by name only. */
  readonly request: Message | null;
  readonly response: Message | null;
}

/** A message that is no API, such as what a consumer tells the others of its group. */
export interface Data {
  readonly doc: string;
  readonly message: Message;
}

/** What one .api file holds. */
export interface Definitions {
  readonly apis: readonly Api[];
  readonly data: readonly Data[];
}

export function within(versions: Versions, version: number): boolean {
  return version >= versions.min && version <= versions.max;
}

export function intersect(a: Versions, b: Versions): Versions {
  return { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
}

export function covers(outer: Versions, inner: Versions): boolean {
  return outer.min <= inner.min && outer.max >= inner.max;
}

export function isEmpty(versions: Versions): boolean {
  return versions.min > versions.max;
}
