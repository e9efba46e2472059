import { describe, expect, it } from 'vitest';
import {
  type Field,
  intersect,
  isEmpty,
  type Message,
  type Struct,
  within,
} from '../../../src/protocol/definitions/generator/model.js';
import { carried, defaultOf, messageNamed, messages, structNamed, type Value } from '../../support/definitions.js';
import { type Sample, samplesByMessage } from '../../support/golden.js';

// What golden values say of the official definitions, against ours: which fields a version carries and in which order,
// what their defaults are, and which of them may be null.

const byMessage = [...samplesByMessage];

describe('golden values know', () => {
  it.each([...messages])('the versions of %s', (name, { versions }) => {
    const there = samplesByMessage.get(name)!.map(({ version }) => version);
    expect([Math.min(...there), Math.max(...there)]).toEqual([versions.min, versions.max]);
  });

  it.each(byMessage)('%s: the fields of each version, in the order of the wire', (_name, samples) => {
    for (const sample of samples) {
      const checked = walk(sample, (_message, struct, value, place) => {
        expect(Object.keys(value), place).toEqual(carried(struct, sample.version).map(({ name }) => name));
      });
      expect(checked).toBeGreaterThan(0);
    }
  });

  it.each(byMessage)('%s: the defaults', (_name, samples) => {
    for (const sample of samples.filter(({ kind }) => kind === 'minimal')) {
      walk(sample, (message, struct, value, place) => {
        for (const field of carried(struct, sample.version)) {
          expect(value[field.name], `${place}.${field.name}`).toStrictEqual(defaultOf(message, field));
        }
      });
    }
  });

  it.each(byMessage)('%s: rich ones have no field at its default', (_name, samples) => {
    for (const sample of samples.filter(({ kind }) => kind === 'rich')) {
      walk(sample, (message, struct, value, place) => {
        for (const field of carried(struct, sample.version)) {
          expect(value[field.name], `${place}.${field.name}`).not.toStrictEqual(defaultOf(message, field));
        }
      });
    }
  });

  it.each(byMessage)('%s: what may be null, and what may not', (_name, samples) => {
    for (const sample of samples.filter(({ kind }) => kind === 'nulls')) {
      walk(sample, (_message, struct, value, place) => {
        for (const field of carried(struct, sample.version)) {
          expect(value[field.name] === null, `${place}.${field.name}`).toBe(mayBeNull(field, sample.version));
        }
      });
    }
  });

  it.each(byMessage)('%s: what may be null further in', (_name, samples) => {
    for (const sample of samples.filter(({ kind }) => kind === 'nestedNulls')) {
      let nulls = 0;
      walk(sample, (message, struct, value, place) => {
        for (const field of carried(struct, sample.version)) {
          const isNull = value[field.name] === null;
          if (isNull) nulls++;
          const holdsNull = mayBeNull(field, sample.version) && !hasNullableWithin(message, field, sample.version);
          expect(isNull, `${place}.${field.name}`).toBe(holdsNull);
        }
      });
      expect(nulls).toBeGreaterThan(0);
    }
  });

  it('a null for every field that may be null in some version', () => {
    const wanted = [...messages.values()].flatMap((message) =>
      [message.root, ...message.structs].flatMap((struct) =>
        struct.fields
          .filter(({ nullable }) => !isEmpty(intersect(nullable, message.versions)))
          .map(({ name }) => `${message.name} ${struct.name}.${name}`),
      ),
    );
    const seen = new Set<string>();
    for (const sample of [...samplesByMessage.values()].flat()) {
      walk(sample, (message, struct, value) => {
        for (const [name, held] of Object.entries(value)) {
          if (held === null) seen.add(`${message.name} ${struct.name}.${name}`);
        }
      });
    }
    expect(wanted.filter((place) => !seen.has(place))).toEqual([]);
  });
});

/** A default of null says so as well, as in structs that not all versions have. */
function mayBeNull({ nullable, defaultText }: Field, version: number): boolean {
  return defaultText === 'null' || within(nullable, version);
}

type Visit = (message: Message, struct: Struct, value: Value, place: string) => void;

/** Visits every struct in a golden value, the value itself first; returns how many. */
function walk({ message: name, value, title }: Sample, visit: Visit): number {
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
    carried(struct, version).some((inner) => mayBeNull(inner, version) || hasNullableWithin(message, inner, version))
  );
}
