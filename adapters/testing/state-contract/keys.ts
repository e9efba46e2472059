import type { StateCase } from './case.js';
import { put, type Row } from './rows.js';

/** Size of the longest key in bytes: the key of an offset of a group with an id of 32,767 bytes. */
const MAX_KEY_BYTES = 33_000;

/** Keys that stores have confused with each other, with a path or with a property of an object. */
const NAMES: readonly string[] = [
  ...['a', 'A', ' a', 'a ', 'a/', '/a', 'a/b', 'a.b', './a', '../a', 'a\0', 'a\0b', 'a\n', '%61', '*', '"', "'", '\\'],
  ...['é', 'e\u0301', '\ufeff', '\ufeffa', '\u2028', '1', '01', '1.0', 'null', '__proto__', 'constructor', 'toString'],
];

/** Yields keys that together contain every Unicode character. */
function* everyCharacter(): Generator<string> {
  const charactersPerKey = MAX_KEY_BYTES / 5;
  const surrogates = { first: 0xd800, last: 0xdfff };
  let key: string[] = [];
  for (let character = 0; character <= 0x10ffff; character++) {
    if (character >= surrogates.first && character <= surrogates.last) continue;
    key.push(String.fromCodePoint(character));
    if (key.length < charactersPerKey) continue;
    yield key.join('');
    key = [];
  }
  yield key.join('');
}

export const keyCases: readonly StateCase[] = [
  {
    name: 'a key has any characters of Unicode',
    async run(bench) {
      const owner = await bench.open();
      const rows = [...NAMES, ...everyCharacter()].map((key, index): Row => [key, String(index)]);
      await put(owner, ...rows);
      await bench.holds(owner, rows);
    },
  },
  {
    name: 'a key has up to 33,000 bytes, and the last one counts',
    async run(bench) {
      const owner = await bench.open();
      const long = 'é'.repeat(MAX_KEY_BYTES / 2 - 1);
      const rows: Row[] = [
        [long, 'without the last two bytes'],
        [`${long}aa`, 'aa'],
        [`${long}ab`, 'ab'],
      ];
      await put(owner, ...rows);
      await bench.holds(owner, rows);
      const next = await bench.open();
      await put(next, [`${long}aa`, null]);
      await bench.holds(next, [
        [long, 'without the last two bytes'],
        [`${long}ab`, 'ab'],
      ]);
    },
  },
];
