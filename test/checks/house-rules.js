// Who may import whom. The rules are those of "Never" and of the house in docs/; eslint.config.js applies them, and
// house-rules.test.ts shows that each one fires.
//
// Imports are followed by their text alone, which nodenext makes exact. A rule that looks files up passes what it
// does not find, and does not see the type in `import('./x.js').X`.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @param {string} file */
const adapterOf = (file) => /^adapters\/([^/]+)\//.exec(file)?.[1];

/** What an adapter may use of other adapters: the broker kit, and the tools for tests a backend to run it on. */
const otherAdapters = new Map([
  ['memory', ['broker']],
  ['iggy', ['broker']],
  ['testing', ['broker', 'memory']],
]);

/**
 * All paths are from the repository's top, such as `src/protocol/reader.ts`. The first rule that an import breaks is
 * the one that is reported.
 *
 * @type {readonly { id: string, why: string, breaks: (from: string, to: string) => boolean }[]}
 */
const rules = [
  {
    id: 'shipped',
    why: 'src/ and adapters/ import nothing that is not shipped with them',
    breaks: (from, to) => /^(src|adapters)\//.test(from) && !/^(src|adapters)\//.test(to),
  },
  {
    id: 'generator',
    why: 'what generates the messages is not shipped: only test/ may look into it',
    breaks: (from, to) =>
      /^src\/protocol\/definitions\//.test(to) && !/^(src\/protocol\/definitions|test)\//.test(from),
  },
  {
    id: 'protocol',
    why: 'src/protocol/ imports nothing outside itself',
    breaks: (from, to) => from.startsWith('src/protocol/') && !to.startsWith('src/protocol/'),
  },
  {
    id: 'listener',
    why: 'src/listener/ knows frames, not messages, nor who handles them',
    breaks: (from, to) =>
      from.startsWith('src/listener/') && /^src\/(dispatch\/|protocol\/messages\/|protocol\/index\.ts$)/.test(to),
  },
  {
    id: 'contract',
    why: 'src/contract/ is what adapters import without the gateway',
    breaks: (from, to) => from.startsWith('src/contract/') && /^src\/(gateway\.ts$|listener\/|dispatch\/)/.test(to),
  },
  {
    id: 'stub',
    why: 'src/gateway.ts and src/index.ts know one adapter, adapters/stub/',
    breaks: (from, to) =>
      /^src\/(gateway|index)\.ts$/.test(from) && to.startsWith('adapters/') && adapterOf(to) !== 'stub',
  },
  {
    id: 'no-adapter',
    why: 'nothing under src/ imports an adapter, save gateway.ts and index.ts (the stub) and cli/',
    breaks: (from, to) => /^src\/(?!(gateway|index)\.ts$|cli\/)/.test(from) && to.startsWith('adapters/'),
  },
  {
    id: 'surface',
    why: 'src/index.ts and src/cli/ are the outside: within src/, only cli/ builds on them',
    breaks: (from, to) => /^src\/(?!cli\/)/.test(from) && /^src\/(index\.ts$|cli\/)/.test(to),
  },
  {
    id: 'adapter',
    why: 'an adapter imports src/contract/index.ts and src/protocol/index.ts only (adapters/testing/ also src/index.ts)',
    breaks: (from, to) =>
      from.startsWith('adapters/') &&
      to.startsWith('src/') &&
      to !== 'src/contract/index.ts' &&
      to !== 'src/protocol/index.ts' &&
      !(adapterOf(from) === 'testing' && to === 'src/index.ts'),
  },
  {
    id: 'other-adapter',
    why: 'adapters do not know each other, save memory, iggy and testing the broker kit, and testing memory',
    breaks: (from, to) => {
      const own = adapterOf(from);
      const other = adapterOf(to);
      if (own === undefined || other === undefined || own === other) return false;
      return !otherAdapters.get(own)?.includes(other);
    },
  },
  {
    id: 'example',
    why: "an example imports what a user can: the package's entry points",
    breaks: (from, to) => from.startsWith('examples/') && !to.startsWith('examples/'),
  },
];

/** The package's own name, which src/ and adapters/ must not import themselves by: it leads to dist/. */
const ownName = /^iggy-gateway-kafka(\/|$)/;

/** @type {import('eslint').Rule.RuleModule} */
const imports = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      broken: '{{why}} [{{id}}]',
      ownName: 'src/ and adapters/ import each other by relative path [own-name]',
    },
  },
  create(context) {
    const from = path.relative(root, context.filename).replaceAll(path.sep, '/');

    /** @param {any} node */
    function check({ source }) {
      const imported = source?.value;
      if (typeof imported !== 'string') return;
      if (ownName.test(imported) && /^(src|adapters)\//.test(from)) {
        context.report({ node: source, messageId: 'ownName' });
      }
      if (!imported.startsWith('.')) return;
      const to = path.posix.join(path.posix.dirname(from), imported).replace(/\.js$/, '.ts');
      const broken = rules.find((rule) => rule.breaks(from, to));
      if (broken) context.report({ node: source, messageId: 'broken', data: { id: broken.id, why: broken.why } });
    }

    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

export default { meta: { name: 'house' }, rules: { imports } };
