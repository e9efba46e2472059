// What typedoc.json cannot say: a guide is called by its first heading, and the reference is grouped by subject.
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';

/** Subject of a declaration by its file: the first that matches. */
const SUBJECTS = [
  [/src\/(gateway|options)\.ts$/, 'Gateway'],
  [/src\/(contract|backend-methods)\.ts$/, 'Backend'],
  [/adapters\/stub\//, 'Stub'],
  [/src\/events\.ts$/, 'Events'],
  [/src\/protocol\/(apis|codec)\.ts$/, 'APIs and versions'],
  [/src\/protocol\/header\.ts$/, 'Headers'],
  [/src\/protocol\/(reader|writer|strings)\.ts$/, 'Bytes'],
  [/src\/protocol\/messages\//, 'Messages'],
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
        const file = context.getSymbolFromReflection(target)?.declarations?.[0]?.getSourceFile().fileName ?? '';
        const subject = SUBJECTS.find(([pattern]) => pattern.test(file))?.[1];
        if (subject) categorize(member, subject === 'Messages' ? apiOf(file) : subject);
      }
    }
  });

  // After it.
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    (context) => {
      const rank = ({ name }) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
      for (const { categories = [] } of context.project.getChildrenByKind(ReflectionKind.Module)) {
        for (const { children } of categories) children.sort((a, b) => rank(a) - rank(b));
      }
    },
    -1000,
  );
}

/** `src/protocol/messages/list-offsets.ts` has the messages of ListOffsets. */
function apiOf(file) {
  const words = /([\w-]+)\.ts$/.exec(file)?.[1]?.split('-') ?? [];
  return `${words.map((word) => word[0].toUpperCase() + word.slice(1)).join('')} messages`;
}

function categorize(reflection, category) {
  // A function has its comment where its signature is.
  const commented = reflection.signatures?.[0] ?? reflection;
  commented.comment ??= new Comment();
  commented.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
}
