import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { entries, isPattern, manifest, root } from './entries.js';

/** Reads JSON with comments. */
function read(file: string): { compilerOptions?: { paths: object }; entryPoints?: string[] } {
  return ts.parseConfigFileTextToJson(file, readFileSync(root + file, 'utf8')).config;
}

test('tsconfig.json resolves every entry point to its source', () => {
  const paths = Object.fromEntries(entries.map(({ specifier, source }) => [specifier, [`./${source}`]]));
  expect(read('tsconfig.json').compilerOptions?.paths).toEqual(paths);
});

test('typedoc.json documents every entry point', () => {
  const sources = entries.filter((entry) => !isPattern(entry)).map(({ source }) => source);
  expect(read('typedoc.json').entryPoints).toEqual(sources);
});

test('package.json has the declarations of every entry point for compilers that do not read "exports"', () => {
  const subpaths = entries.filter(({ specifier }) => specifier !== manifest.name);
  const paths = subpaths.map(({ specifier, types }) => [specifier.slice(manifest.name.length + 1), [`./${types}`]]);
  expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(paths) });
});

describe.each(entries.filter((entry) => !isPattern(entry)))('$specifier', ({ source, specifier }) => {
  const text = readFileSync(root + source, 'utf8');

  test("names what its declarations need of a consumer's compiler", () => {
    expect(text.split('\n').slice(0, 2)).toEqual([
      '/// <reference types="node" preserve="true" />',
      '/// <reference lib="esnext.disposable" preserve="true" />',
    ]);
  });

  test('has a page of its own name in the docs', () => {
    expect(text).toMatch(new RegExp(`\\n \\* @packageDocumentation\\n \\* @module ${specifier}\\n`));
  });
});
