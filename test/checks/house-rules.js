// Who may import whom. The rules are those of "Never" and of the house in docs/; eslint.config.js applies them, and
// house-rules.test.ts shows that each one fires.
//
// Imports are followed by their text alone, which nodenext makes exact. A rule that looks files up passes what it
// does not find, and does not see the type in `import('./x.js').X`.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fields } from './class-fields.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @param {string} file */
const adapterOf = (file) => /^adapters\/([^/]+)\//.exec(file)?.[1];

/** What an adapter may use of other adapters: the broker kit, and the tools for tests a backend to run it on. */
const otherAdapters = new Map([
  ['memory', ['broker']],
  ['iggy', ['broker']],
  ['testing', ['broker', 'memory']],
]);

/** Folders of adapters/iggy/: each imports only folders that follow it. Files above them import any folder. */
const iggyFolders = ['group-offsets', 'log', 'state', 'records', 'sdk'];

/** Position of a file in the import order of adapters/iggy/; -1 for a file above the folders. @param {string} file */
const iggyLayer = (file) => iggyFolders.indexOf(/^adapters\/iggy\/([^/]+)\//.exec(file)?.[1] ?? '');

/** The folders of adapters/broker/ in the order in which they may import each other: each imports those after it. */
const brokerFolders = [
  ['apis'],
  ['access'],
  ['transactions'],
  ['groups', 'topics', 'configs'],
  ['log'],
  ['producers'],
  ['cluster'],
  ['store'],
];

/** @param {string} file @returns The folder of adapters/broker/ that a file is in; '' for none, undefined elsewhere. */
const brokerFolderOf = (file) => {
  const [, inside] = /^adapters\/broker\/(.+)$/.exec(file) ?? [];
  return inside === undefined || inside.includes('/') ? inside?.split('/')[0] : '';
};

/** @param {string | undefined} folder @returns Its place in the order; -1 for a folder that has none. */
const placeOf = (folder) => brokerFolders.findIndex((folders) => folders.includes(folder ?? ''));

/**
 * All paths are from the repository's top, such as `src/protocol/reader.ts`. The first rule that an import breaks is
 * the one that is reported.
 *
 * @type {readonly { id: string, why: string, breaks: (from: string, to: string, isType: boolean) => boolean }[]}
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
    id: 'wire-client',
    why: 'src/wire-client/ serves src/cli/, adapters/testing/ and test/: no gateway loads it',
    breaks: (from, to) => to.startsWith('src/wire-client/') && /^src\/(?!cli\/|wire-client\/)/.test(from),
  },
  {
    id: 'client-side',
    why: 'src/wire-client/ imports src/protocol/ and the frame reader only: it knows no gateway',
    breaks: (from, to) =>
      from.startsWith('src/wire-client/') && !/^src\/(wire-client\/|protocol\/|listener\/frame-reader\.ts$)/.test(to),
  },
  {
    id: 'adapter',
    why: 'an adapter imports src/contract/index.ts and src/protocol/{index,core}.ts only (adapters/testing/ also src/index.ts and src/wire-client/index.ts)',
    breaks: (from, to) =>
      from.startsWith('adapters/') &&
      to.startsWith('src/') &&
      to !== 'src/contract/index.ts' &&
      to !== 'src/protocol/index.ts' &&
      to !== 'src/protocol/core.ts' &&
      !(adapterOf(from) === 'testing' && (to === 'src/index.ts' || to === 'src/wire-client/index.ts')),
  },
  {
    id: 'codecs',
    why: 'src/protocol/index.ts loads all codecs: an adapter imports types from it, and values from src/protocol/core.ts',
    breaks: (from, to, isType) =>
      to === 'src/protocol/index.ts' && from.startsWith('adapters/') && adapterOf(from) !== 'testing' && !isType,
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
    id: 'kit',
    why: 'a store imports adapters/broker/index.ts, and nothing deeper',
    breaks: (from, to) =>
      /^adapters\/(memory|iggy)\//.test(from) && adapterOf(to) === 'broker' && to !== 'adapters/broker/index.ts',
  },
  {
    id: 'iggy',
    why: `adapters/iggy/ imports one way: the files at its top, then ${iggyFolders.join(', ')}`,
    breaks: (from, to) => adapterOf(from) === 'iggy' && adapterOf(to) === 'iggy' && iggyLayer(to) < iggyLayer(from),
  },
  {
    id: 'broker-order',
    why: 'inside adapters/broker/ imports go one way: apis, access, transactions, groups | topics | configs, log, producers, cluster, store',
    breaks: (from, to) => {
      const own = brokerFolderOf(from);
      const other = brokerFolderOf(to);
      if (!own || !other || own === other) return false;
      return placeOf(own) < 0 || placeOf(other) <= placeOf(own);
    },
  },
  {
    id: 'broker-shared',
    why: 'files beside the folders of adapters/broker/ are shared by all of them: of the folders they import cluster/ and store/ only (broker.ts, create-parts.ts and index.ts any)',
    breaks: (from, to) => {
      if (brokerFolderOf(from) !== '' || /\/(broker|create-parts|index)\.ts$/.test(from)) return false;
      const other = brokerFolderOf(to);
      return other !== undefined && other !== '' && placeOf(other) < placeOf('cluster');
    },
  },
  {
    id: 'broker-assembly',
    why: 'broker.ts, create-parts.ts, index.ts and state-handover.ts put the parts of adapters/broker/ together: no part imports them',
    breaks: (from, to) =>
      brokerFolderOf(from) !== undefined &&
      brokerFolderOf(from) !== '' &&
      /^adapters\/broker\/(broker|create-parts|index|state-handover)\.ts$/.test(to),
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
    function check({ source, type, importKind, exportKind }) {
      const imported = source?.value;
      if (typeof imported !== 'string') return;
      if (ownName.test(imported) && /^(src|adapters)\//.test(from)) {
        context.report({ node: source, messageId: 'ownName' });
      }
      if (!imported.startsWith('.')) return;
      const to = path.posix.join(path.posix.dirname(from), imported).replace(/\.js$/, '.ts');
      const isType = type === 'TSImportType' || importKind === 'type' || exportKind === 'type';
      const broken = rules.find((rule) => rule.breaks(from, to, isType));
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

/**
 * Error classes of src/ and adapters/: each has a name that ends in `Error`, and extends `CodedError` or another of them.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
const errors = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      base: 'an error class extends CodedError, which gives it a code',
      name: "the name of an error class ends in 'Error'",
    },
  },
  create(context) {
    /** @param {any} node */
    function check({ id, superClass }) {
      if (superClass?.type !== 'Identifier' || !/Error$/.test(superClass.name)) return;
      if (superClass.name === 'Error' && id?.name !== 'CodedError') {
        context.report({ node: superClass, messageId: 'base' });
      }
      if (!/Error$/.test(id?.name ?? '')) context.report({ node: id ?? superClass, messageId: 'name' });
    }
    return { ClassDeclaration: check, ClassExpression: check };
  },
};

export default { meta: { name: 'house' }, rules: { imports, fields, errors } };
