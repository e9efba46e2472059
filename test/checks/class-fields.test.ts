import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { expect, test } from 'vitest';
import { fields } from './class-fields.js';

const linter = new Linter();

/** What the rule reports of a file. */
function reports(code: string, filename = 'src/example.ts'): string[] {
  const config: Linter.Config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { house: { rules: { fields } } },
    rules: { 'house/fields': 'error' },
  };
  return linter.verify(code, config, filename).map(({ message }) => message);
}

const TWELVE = Array.from({ length: 12 }, (_, index) => `field${index} = ${index};`).join(' ');

test('a class has up to twelve fields', () => {
  expect(reports(`class Many { ${TWELVE} }`)).toEqual([]);
  expect(reports(`class Many { ${TWELVE} last = 0; }`)).toEqual([
    'Many has 13 fields, over 12: split it, or say above it why it is one object ("Hot path: ...")',
  ]);
});

test.each([
  ['a private field', '#last = 0;'],
  ['a field without a value', 'declared?: number;'],
  ['a function in a field', 'readonly run = () => 0;'],
  ['a parameter of the constructor that is a field', 'constructor(readonly last: number, other: number) {}'],
])('%s counts', (_, member) => {
  expect(reports(`export class Many { ${TWELVE} ${member} }`)).toHaveLength(1);
  expect(reports(`export default class { ${TWELVE} ${member} }`)).toHaveLength(1);
  expect(reports(`const Many = class { ${TWELVE} ${member} };`)).toHaveLength(1);
});

test.each([
  ['a static field', 'static last = 0;'],
  ['a method', 'last() {}'],
  ['an accessor', 'get last() { return 0; }'],
  ['a declaration of what the base class has', 'declare last: number;'],
  ['a parameter that is no field', 'constructor(last: number) {}'],
])('%s does not count', (_, member) => {
  expect(reports(`class Many { ${TWELVE} ${member} }`)).toEqual([]);
});

test('the hot path may have more, where the comment above the class says why', () => {
  const many = `export class Many { ${TWELVE} last = 0; }`;
  expect(reports(`/** What it is. Hot path: one object,\n * for each request uses all of it. */\n${many}`)).toEqual([]);
  expect(reports(`/**\n * What it is. Hot\n * path: each request uses it.\n */\n${many}`)).toEqual([]);
  expect(reports(`/** Hot path: */\n${many}`)).toHaveLength(1);
  expect(reports(`/** Hot path: this one. */\nconst other = 1;\n${many}`)).toHaveLength(1);
});
