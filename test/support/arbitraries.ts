import fc from 'fast-check';
import type { ApiCodec } from 'iggy-gateway-kafka/protocol';
import {
  type Field,
  type FieldType,
  type Message,
  type Primitive,
  type Struct,
  within,
} from '../../src/protocol/definitions/generator/model.js';
import { carried, complete, definedApis, structNamed, type Value } from './definitions.js';
import { codecOf, type Direction } from './golden.js';

// Random values for every message, made from the definitions.

/** One message of one version. */
export interface Target {
  readonly title: string;
  readonly codec: ApiCodec;
  readonly message: Message;
  readonly direction: Direction;
  readonly version: number;
}

/** Every message of every version that has a codec. */
export const targets: readonly Target[] = definedApis.flatMap((api) => {
  const codec = codecOf({ apiKey: api.key });
  const { min, max } = codec.versions;
  return (['request', 'response'] as const).flatMap((direction) =>
    Array.from({ length: max - min + 1 }, (_, index) => ({
      title: `${api[direction]!.name} v${String(min + index)}`,
      codec,
      message: api[direction]!,
      direction,
      version: min + index,
    })),
  );
});

/** The same by the name of the message. */
export const targetsByMessage: ReadonlyMap<string, readonly Target[]> = new Map(
  targets.map(({ message }) => [message.name, targets.filter((target) => target.message === message)]),
);

const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 70 }) },
  // Around the lengths where the way of writing changes.
  { weight: 1, arbitrary: fc.integer({ min: 36, max: 130 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom('é'.repeat(16_383), 'a'.repeat(32_767)) },
);

const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)) },
  { weight: 1, arbitrary: fc.integer({ min: 4000, max: 9000 }).map((length) => Buffer.alloc(length, length)) },
);

const primitives: Record<Primitive, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -0x80, max: 0x7f }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  uuid: fc.oneof(fc.uuid(), fc.constant('00000000-0000-0000-0000-000000000000')),
  string: text,
  bytes,
  records: bytes,
};

/** A value as decoding gives it: what the version carries at random, the rest at its default. */
export function decoded({ message, version }: Target): fc.Arbitrary<Value> {
  return structOf(message, message.root, version).map((value) => complete(message, message.root, value));
}

function structOf(message: Message, struct: Struct, version: number): fc.Arbitrary<Value> {
  return fc.record(
    Object.fromEntries(carried(struct, version).map((field) => [field.name, fieldOf(message, field, version)])),
    { noNullPrototype: true },
  );
}

function fieldOf(message: Message, field: Field, version: number): fc.Arbitrary<unknown> {
  const value = typeOf(message, field.type, version);
  const mayBeNull = within(field.nullable, version);
  const given = mayBeNull ? fc.option(value, { freq: 4 }) : value;
  if (field.tag === null) return given;
  // Left out, a tagged field is read as its default.
  return fc.oneof(given, fc.constant(undefined));
}

function typeOf(message: Message, type: FieldType, version: number): fc.Arbitrary<unknown> {
  if (type.kind === 'primitive') return primitives[type.name];
  if (type.kind === 'struct') return structOf(message, structNamed(message, type.name), version);
  return fc.array(typeOf(message, type.element, version), { maxLength: 3 });
}
