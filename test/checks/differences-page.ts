// Makes docs/reference/differences.md of the list that the comparison holds: `npx tsx test/checks/differences-page.ts`
// writes it.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { differences } from '../interop/real-kafka/differences.js';
import { root } from './entries.js';

export const page = 'docs/reference/differences.md';

const INTRODUCTION = `# Differences from Apache Kafka

<!-- Made of test/interop/real-kafka/differences.ts by test/checks/differences-page.ts; edit those. -->

CI starts Apache Kafka 4.4 beside the memory backend and sends the same requests to both: good ones and bad ones, to every
API that the broker kit answers, at its highest version and at older ones. What comes back must be the same, field by
field, apart from what is a broker's own: the wording of messages, ids, addresses, sizes on a disk, the order of lists. The
contract that backends are held to is run against Apache Kafka as well.

What follows is all that differs there, and each item must differ for the run to pass. [Configs](configs.md) says which
settings are enforced and where those differ.
`;

export function renderDifferences(): string {
  const sections = differences.map(
    ({ title, kafka, ours, why }) => `## ${title}\n\n- Kafka: ${kafka}\n- Here: ${ours}\n- Why: ${why}\n`,
  );
  return [INTRODUCTION, ...sections].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(root + page, renderDifferences());
