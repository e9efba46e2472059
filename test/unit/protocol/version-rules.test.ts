import { type ApiCodec, EncodeError, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import {
  type Field,
  intersect,
  isEmpty,
  type Message,
  type Struct,
  within,
} from '../../../src/protocol/definitions/generator/model.js';
import {
  carried,
  complete,
  defaultOf,
  definedApis,
  messageNamed,
  structNamed,
  type Value,
} from '../../support/definitions.js';
import {
  codecOf,
  decodeBody,
  type Direction,
  encodeBody,
  type Sample,
  samplesByMessage,
} from '../../support/golden.js';
import { thrownBy } from '../../support/thrown-by.js';

// What becomes of a field in a version that does not carry it, of a null where there is none, and of what was left out:
// asked of every field of every API, at every version.

/** A value that the field holds by default nowhere. */
function otherThanDefault(message: Message, field: Field): unknown {
  const { type } = field;
  if (type.kind === 'array') return [type.element.kind === 'struct' ? sample(message, type.element.name) : 1];
  if (type.kind === 'struct') return sample(message, type.name);
  switch (type.name) {
    case 'bool':
      return !(defaultOf(message, field) as boolean);
    case 'string':
      return 'other';
    case 'uuid':
      return '00112233-4455-6677-8899-aabbccddeeff';
    case 'bytes':
    case 'records':
      return Buffer.of(1);
    case 'int64':
      return 77n;
    default:
      return 77;
  }
}

function sample(message: Message, name: string): Value {
  const struct = structNamed(message, name);
  return Object.fromEntries(
    struct.fields.map((field) => [
      field.name,
      field.type.kind === 'primitive' ? otherThanDefault(message, field) : defaultOf(message, field),
    ]),
  );
}

interface Place {
  readonly title: string;
  readonly message: Message;
  readonly codec: ApiCodec;
  readonly direction: Direction;
  readonly struct: Struct;
  readonly field: Field;
}

/** Every field that some version carries. */
const places: readonly Place[] = definedApis.flatMap((api) =>
  (['request', 'response'] as const).flatMap((direction) => {
    const message = api[direction]!;
    return [message.root, ...message.structs].flatMap((struct) =>
      struct.fields
        .filter((field) => !isEmpty(intersect(field.versions, message.versions)))
        .map((field) => ({
          title: `${message.name} ${struct.name}.${field.name}`,
          message,
          codec: codecOf({ apiKey: api.key }),
          direction,
          struct,
          field,
        })),
    );
  }),
);

/** Golden values of a version, each with the structs of a kind that it holds, as they are after decoding. */
function holders(place: Place, version: number): readonly { golden: Sample; value: Value; structs: Value[] }[] {
  return samplesByMessage
    .get(place.message.name)!
    .filter((golden) => golden.version === version)
    .map((golden) => {
      const value = complete(place.message, place.message.root, golden.value);
      return { golden, value, structs: [...find(place.message, place.message.root, version, value, place.struct)] };
    })
    .filter(({ structs }) => structs.length > 0);
}

/** The structs of a kind that stand in a value, in fields that the version carries. */
function* find(message: Message, struct: Struct, version: number, value: Value, wanted: Struct): Generator<Value> {
  if (struct === wanted) yield value;
  for (const field of carried(struct, version)) {
    const element = field.type.kind === 'array' ? field.type.element : field.type;
    const held = value[field.name];
    if (element.kind !== 'struct' || held === null) continue;
    for (const each of Array.isArray(held) ? held : [held]) {
      yield* find(message, structNamed(message, element.name), version, each as Value, wanted);
    }
  }
}

function versionsOf({ codec: { versions } }: Place): number[] {
  return Array.from({ length: versions.max - versions.min + 1 }, (_, index) => versions.min + index);
}

/** What a value encodes to, or the code of the error. */
function attempt(encode: () => Buffer): unknown {
  try {
    return encode().toString('hex');
  } catch (error) {
    return (error as EncodeError).code;
  }
}

describe('a field that the version does not carry', () => {
  const partial = places.filter((place) =>
    versionsOf(place).some((version) => !within(place.field.versions, version) && holders(place, version).length > 0),
  );

  it.each(partial)(
    '$title: is dropped where that is allowed, and refused elsewhere, unless it is the default',
    (place) => {
      const { message, codec, direction, field } = place;
      let asked = 0;
      for (const version of versionsOf(place).filter((each) => !within(field.versions, each))) {
        for (const { golden, value, structs } of holders(place, version)) {
          const struct = structs.at(-1)!;
          asked++;
          struct[field.name] = otherThanDefault(message, field);
          const error = thrownBy(() => {
            const bytes = encodeBody(codec, direction, version, value);
            expect(bytes.toString('hex')).toBe(golden.bytes.toString('hex'));
          });
          if (field.ignorable) expect(error).toBeUndefined();
          else {
            expect(error).toBeInstanceOf(EncodeError);
            expect(error).toMatchObject({
              code: 'UNSUPPORTED_FIELD',
              message: `version ${String(version)} does not carry ${field.name}`,
            });
          }
          for (const harmless of [undefined, defaultOf(message, field)]) {
            struct[field.name] = harmless;
            expect(encodeBody(codec, direction, version, value).equals(golden.bytes)).toBe(true);
          }
        }
      }
      expect(asked).toBeGreaterThan(0);
    },
  );
});

describe('null', () => {
  it.each(places)('$title: is written where the version allows it, and refused elsewhere', (place) => {
    const { codec, direction, field } = place;
    let asked = 0;
    for (const version of versionsOf(place).filter((each) => within(field.versions, each))) {
      for (const { value, structs } of holders(place, version)) {
        structs.at(-1)![field.name] = null;
        asked++;
        const where = `version ${String(version)}`;
        if (field.defaultText === 'null' || within(field.nullable, version)) {
          const bytes = encodeBody(codec, direction, version, value);
          expect(decodeBody(codec, direction, version, bytes), where).toStrictEqual(value);
        } else {
          const error = thrownBy(() => encodeBody(codec, direction, version, value));
          expect(error, where).toBeInstanceOf(EncodeError);
          expect(error, where).toHaveProperty('code', 'INVALID_VALUE');
        }
      }
    }
    expect(asked).toBeGreaterThan(0);
  });
});

describe('a field of another type', () => {
  it.each(places)('$title: is refused', (place) => {
    const { codec, direction, field } = place;
    let asked = 0;
    for (const version of versionsOf(place).filter((each) => within(field.versions, each))) {
      const holder = holders(place, version).at(-1);
      if (holder === undefined) continue;
      for (const wrong of wrongValues(field)) {
        asked++;
        holder.structs.at(-1)![field.name] = wrong;
        const error = thrownBy(() => encodeBody(codec, direction, version, holder.value));
        expect(error, `${String(wrong)} in version ${String(version)}`).toBeInstanceOf(EncodeError);
      }
    }
    expect(asked).toBeGreaterThan(0);
  });

  function wrongValues({ type }: Field): unknown[] {
    if (type.kind === 'array') return [5, 'text', { length: 1 }, [null], [undefined]];
    if (type.kind === 'struct') return [5, 'text', true, { epoch: 'x', leaderId: 'x', replicaId: 'x' }];
    return type.name === 'string' ? [5, 5n, {}] : ['text', Symbol('s'), {}];
  }
});

describe('a field that was left out', () => {
  // The rule of this library: a default, a tag, a place in some versions only, or the throttle time; never an error code.
  const mayBeLeftOut = ({ message, field }: Place): boolean =>
    field.name !== 'errorCode' &&
    field.name !== 'partitionErrorCode' &&
    (field.defaultText !== null ||
      field.tag !== null ||
      field.name === 'throttleTimeMs' ||
      !(field.versions.min <= message.versions.min && field.versions.max >= message.versions.max));

  it.each(places)('$title: is the default where it may be left out, and refused elsewhere', (place) => {
    const { message, codec, direction, field } = place;
    let asked = 0;
    for (const version of versionsOf(place).filter((each) => within(field.versions, each))) {
      for (const { value, structs } of holders(place, version)) {
        const struct = structs.at(-1)!;
        asked++;
        if (mayBeLeftOut(place)) {
          struct[field.name] = defaultOf(message, field);
          const bytes = encodeBody(codec, direction, version, value);
          struct[field.name] = undefined;
          expect(encodeBody(codec, direction, version, value).equals(bytes)).toBe(true);
        } else {
          struct[field.name] = undefined;
          const error = thrownBy(() => encodeBody(codec, direction, version, value));
          expect(error).toBeInstanceOf(EncodeError);
          expect((error as EncodeError).detail).toMatch(/^is required/);
          const relaxed = attempt(() => encodeBody(codec, direction, version, value, new Writer({ defaults: true })));
          struct[field.name] = defaultOf(message, field);
          // Records that may not be null are null by default, and so refused.
          expect(relaxed).toEqual(attempt(() => encodeBody(codec, direction, version, value)));
        }
      }
    }
    expect(asked).toBeGreaterThan(0);
  });
});

describe('a tagged field', () => {
  const tagged = places.filter(({ field }) => field.tag !== null);

  it.each(tagged)('$title: takes no byte at its default, deep down', (place) => {
    const { message, codec, direction, field } = place;
    const version = message.versions.max;
    const { value, structs } = holders(place, version).find(({ golden }) => golden.kind === 'rich')!;
    const struct = structs.at(-1)!;
    const full = encodeBody(codec, direction, version, value).length;
    struct[field.name] = defaultOf(message, field);
    const bytes = encodeBody(codec, direction, version, value);
    expect(bytes.length).toBeLessThan(full);
    expect(decodeBody(codec, direction, version, bytes)).toStrictEqual(value);
    struct[field.name] = undefined;
    expect(encodeBody(codec, direction, version, value).equals(bytes)).toBe(true);
    if (field.type.kind === 'struct') {
      struct[field.name] = {};
      expect(encodeBody(codec, direction, version, value).equals(bytes)).toBe(true);
    }
  });

  it('there are some', () => {
    expect(tagged.length).toBeGreaterThan(10);
    expect(carried(messageNamed('FetchResponse').root, 18).at(-1)!.name).toBe('nodeEndpoints');
  });
});
