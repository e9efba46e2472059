// How many fields a class may have. eslint.config.js applies the rule, and class-fields.test.ts shows that it fires.

/** A class with more is probably two things, or a state machine without a name. */
const MAX_FIELDS = 12;

/** Begins the sentence that says why a larger class is one object, in the comment above it. */
const REASON = /\bHot path: \S/;

/**
 * The fields of instances: those that are declared, and parameters of the constructor with a modifier.
 *
 * @param {any[]} members
 */
function fieldCount(members) {
  let count = 0;
  for (const member of members) {
    if (member.type === 'PropertyDefinition' && !member.static && !member.declare) count++;
    if (member.kind === 'constructor') {
      count += member.value.params.filter(/** @param {any} one */ ({ type }) => type === 'TSParameterProperty').length;
    }
  }
  return count;
}

/** @type {import('eslint').Rule.RuleModule} */
export const fields = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      tooMany:
        '{{name}} has {{count}} fields, over {{most}}: split it, or say above it why it is one object ("Hot path: ...")',
    },
  },
  create(context) {
    /** @param {any} node */
    function check(node) {
      const count = fieldCount(node.body.body);
      const name = node.id?.name ?? 'a class';
      if (count <= MAX_FIELDS) return;
      const statement = node.parent.type.startsWith('Export') ? node.parent : node;
      const comment = context.sourceCode.getCommentsBefore(statement).at(-1)?.value ?? '';
      if (REASON.test(comment.replaceAll(/\s+\*?\s*/g, ' '))) return;
      context.report({ node, messageId: 'tooMany', data: { name, count: String(count), most: String(MAX_FIELDS) } });
    }

    return { ClassDeclaration: check, ClassExpression: check };
  },
};
