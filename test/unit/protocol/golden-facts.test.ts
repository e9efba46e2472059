import { describe, expect, it } from 'vitest';
import { type Field, type Message, type Struct, within } from '../../../src/protocol/definitions/generator/model.js';
import { carried, defaultOf, definedApis, messageNamed, structNamed, type Value } from '../../support/definitions.js';
import { type Golden, goldens } from '../../support/golden.js';

// What golden values say of the official definitions, against ours: which fields a version carries and in which order,
// what their defaults are, and which of them may be null.

describe('golden values know', () => {
  it.each(definedApis)('the versions of $name', ({ key, versions }) => {
    const there = goldens.filter(({ apiKey }) => apiKey === key).map(({ version }) => version);
    expect([Math.min(...there), Math.max(...there)]).toEqual([versions.min, versions.max]);
  });

  it.each(goldens)('$title: the fields of the version, in the order of the wire', (golden) => {
    const { version } = golden;
    const checked = walk(golden, (_message, struct, value, place) => {
      expect(Object.keys(value), place).toEqual(carried(struct, version).map(({ name }) => name));
    });
    expect(checked).toBeGreaterThan(0);
  });

  it.each(goldens.filter(({ kind }) => kind === 'minimal'))('$title: the defaults', (golden) => {
    walk(golden, (message, struct, value, place) => {
      for (const field of carried(struct, golden.version)) {
        expect(value[field.name], `${place}.${field.name}`).toStrictEqual(defaultOf(message, field));
      }
    });
  });

  it.each(goldens.filter(({ kind }) => kind === 'rich'))('$title: fields that are not at their default', (golden) => {
    walk(golden, (message, struct, value, place) => {
      for (const field of carried(struct, golden.version)) {
        expect(value[field.name], `${place}.${field.name}`).not.toStrictEqual(defaultOf(message, field));
      }
    });
  });

  it.each(goldens.filter(({ kind }) => kind === 'nulls'))('$title: what may be null, and what may not', (golden) => {
    walk(golden, (_message, struct, value, place) => {
      for (const field of carried(struct, golden.version)) {
        expect(value[field.name] === null, `${place}.${field.name}`).toBe(within(field.nullable, golden.version));
      }
    });
  });

  it.each(goldens.filter(({ kind }) => kind === 'nestedNulls'))('$title: what may be null further in', (golden) => {
    const { version } = golden;
    let nulls = 0;
    walk(golden, (message, struct, value, place) => {
      for (const field of carried(struct, version)) {
        const isNull = value[field.name] === null;
        if (isNull) nulls++;
        const holdsNull = within(field.nullable, version) && !hasNullableWithin(message, field, version);
        expect(isNull, `${place}.${field.name}`).toBe(holdsNull);
      }
    });
    expect(nulls).toBeGreaterThan(0);
  });

  it('a null for every field that may be null in some version', () => {
    const wanted = definedApis.flatMap(({ request, response }) =>
      [request!, response!].flatMap((message) =>
        [message.root, ...message.structs].flatMap((struct) =>
          struct.fields
            .filter(({ nullable }) => nullable.max >= nullable.min)
            .map(({ name }) => `${message.name} ${struct.name}.${name}`),
        ),
      ),
    );
    const seen = new Set<string>();
    for (const golden of goldens) {
      walk(golden, (message, struct, value) => {
        for (const [name, held] of Object.entries(value)) {
          if (held === null) seen.add(`${message.name} ${struct.name}.${name}`);
        }
      });
    }
    expect(wanted.filter((place) => !seen.has(place))).toEqual([]);
  });
});

type Visit = (message: Message, struct: Struct, value: Value, place: string) => void;

/** Visits every struct in a golden value, the value itself first; returns how many. */
function walk({ message: name, value, title }: Golden, visit: Visit): number {
  const message = messageNamed(name);
  let count = 0;
  const into = (struct: Struct, inner: Value, place: string): void => {
    count++;
    visit(message, struct, inner, place);
    for (const field of struct.fields) {
      const held = inner[field.name];
      const within = structIn(message, field);
      if (within === null || held === null || held === undefined) continue;
      const elements = Array.isArray(held) ? held : [held];
      for (const element of elements) into(within, element as Value, `${place}.${field.name}`);
    }
  };
  into(message.root, value, title);
  return count;
}

function structIn(message: Message, { type }: Field): Struct | null {
  const element = type.kind === 'array' ? type.element : type;
  return element.kind === 'struct' ? structNamed(message, element.name) : null;
}

function hasNullableWithin(message: Message, field: Field, version: number): boolean {
  const struct = structIn(message, field);
  return (
    struct !== null &&
    carried(struct, version).some(
      (inner) => within(inner.nullable, version) || hasNullableWithin(message, inner, version),
    )
  );
}
