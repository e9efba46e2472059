// What typedoc.json cannot say: a guide is called by its first heading, and the reference is grouped by subject.
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';

/**
 * Subject of a declaration by its file: the first that matches.
 *
 * @type {readonly (readonly [RegExp, string])[]}
 */
const SUBJECTS = [
  [/src\/(gateway|options)\.ts$/, 'Gateway'],
  [/src\/contract\//, 'Backend'],
  [/adapters\/stub\//, 'Stub'],
  [/src\/events\.ts$/, 'Events'],
  [/src\/protocol\/(apis|by-number|codecs?|consumer-protocol)\.ts$/, 'APIs and versions'],
  [/src\/protocol\/header\.ts$/, 'Headers'],
  [/src\/protocol\/(reader|records-init|writer|strings)\.ts$/, 'Bytes'],
  [/\/error|src\/listener\//, 'Errors'],
];

/** What a reader of its subject looks for first. */
const FIRST = ['createKafkaGateway', 'GatewayOptions', 'KafkaGateway', 'Backend', 'BackendMethods', 'RequestContext'];

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const text = document.content.map((part) => part.text).join('');
    document.name = /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? document.name;
    document.frontmatter['category'] = /^\d{3} /.test(document.name) ? 'Decisions' : 'Guides';
  });

  // Before typedoc makes its groups.
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const module of context.project.getChildrenByKind(ReflectionKind.Module)) {
      categorize(module, 'Reference');
      for (const member of module.children ?? []) {
        const target = member.isReference() ? member.getTargetReflection() : member;
        const symbol = context.getSymbolFromReflection(target);
        const subject = subjectOf(symbol?.declarations?.[0]?.getSourceFile().fileName ?? '');
        // A function has its comment where its signature is.
        if (subject !== undefined) categorize(member.signatures?.[0] ?? member, subject);
      }
    }
  });

  // After it.
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    (context) => {
      for (const { categories = [] } of context.project.getChildrenByKind(ReflectionKind.Module)) {
        for (const { children } of categories) children.sort((a, b) => rank(a.name) - rank(b.name));
      }
    },
    -1000,
  );
}

/** @param {string} file */
function subjectOf(file) {
  // The messages of ListOffsets are in messages/list-offsets.ts.
  const [, api] = /src\/protocol\/messages\/([\w-]+)\.ts$/.exec(file) ?? [];
  if (api !== undefined) return `${api.replace(/(?:^|-)(\w)/g, (_, first) => first.toUpperCase())} messages`;
  return SUBJECTS.find(([pattern]) => pattern.test(file))?.[1];
}

/** @param {string} name */
function rank(name) {
  return FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
}

/**
 * @param {import('typedoc').Reflection} reflection
 * @param {string} category
 */
function categorize(reflection, category) {
  reflection.comment ??= new Comment();
  reflection.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
}
