import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from './entries.js';

// docs/architecture.md draws the modules. The drawing may allow more than house-rules.js does, but nothing less than the
// imports that there are.

interface Module {
  /** Paths from the repository's top: one folder, or several files. */
  readonly paths: readonly string[];
  /** Id of the module around it; null for none. */
  readonly parent: string | null;
  readonly imports: Set<string>;
}

/** Files that several modules share, and that the drawing leaves out. */
const SHARED = /^src\/[\w-]+\.ts$/;

const text = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
const modules = readDrawing(/```mermaid\n(.*?)```/s.exec(text)?.[1] ?? '');

function readDrawing(drawing: string): Map<string, Module> {
  const found = new Map<string, Module>();
  let parent: string | null = null;
  for (const line of drawing.split('\n').map((each) => each.trim())) {
    const [, isGroup, id, label] = /^(subgraph )?(\w+)\["(.+)"\]$/.exec(line) ?? [];
    const [from, to] = line.split(' --> ').map((side) => side.split(' & '));
    if (id !== undefined && label !== undefined) {
      const around = parent === null ? '' : found.get(parent)!.paths[0]!;
      found.set(id, { paths: label.split(', ').map((each) => around + each), parent, imports: new Set() });
      if (isGroup !== undefined) parent = id;
    } else if (line === 'end') {
      parent = null;
    } else if (from !== undefined && to !== undefined) {
      for (const each of from) for (const target of to) found.get(each)!.imports.add(target);
    }
  }
  return found;
}

/** Id of the innermost module that holds a file; undefined for none. */
function moduleOf(file: string): string | undefined {
  const holds = ({ paths }: Module): boolean => paths.some((each) => file === each || file.startsWith(each));
  return [...modules].findLast(([, module]) => holds(module))?.[0];
}

/** All modules that one reaches along its own arrows and those of the module around it. */
function reachable(id: string, reached: Set<string> = new Set()): Set<string> {
  if (reached.has(id)) return reached;
  reached.add(id);
  const { imports, parent } = modules.get(id)!;
  for (const next of imports) reachable(next, reached);
  if (parent !== null) reachable(parent, reached);
  return reached;
}

function mayImport(own: string, other: string): boolean {
  const reached = reachable(own);
  if (reached.has(other)) return true;
  const { parent } = modules.get(other)!;
  // Who reaches a module reaches its parts, except from one part of it to another.
  return parent !== null && parent !== modules.get(own)!.parent && reached.has(parent);
}

const files = execFileSync('git', ['ls-files', '-z', 'src/**.ts', 'adapters/**.ts'], { cwd: root })
  .toString()
  .split('\0')
  .filter((file) => file !== '' && !file.startsWith('src/protocol/definitions/'));

test('the drawing has a place for every file', () => {
  expect(files.filter((file) => moduleOf(file) === undefined && !SHARED.test(file))).toEqual([]);
});

test.each([...modules])('the drawing names a module that exists: %s', (id) => {
  expect(files.map(moduleOf)).toContain(id);
});

test('every import follows the arrows', () => {
  const against = files.flatMap((file) => {
    const own = moduleOf(file);
    if (own === undefined) return [];
    const imports = readFileSync(path.join(root, file), 'utf8').matchAll(/(?:from |import\(|import )'(\.[^']+)'/g);
    return [...imports]
      .map(([, specifier = '']) => path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts'))
      .filter((to) => {
        const other = moduleOf(to);
        return other !== undefined && !mayImport(own, other);
      })
      .map((to) => `${file} imports ${to}`);
  });
  expect(against).toEqual([]);
});

test.each([
  ['protocol', 'contract'],
  ['listener', 'dispatch'],
  ['stub', 'broker'],
  ['store', 'apis'],
  ['groups', 'topics'],
  ['sdk', 'state'],
  ['broker', 'memory'],
])('no arrows lead from %s to %s', (own, other) => {
  expect(mayImport(own, other)).toBe(false);
});
