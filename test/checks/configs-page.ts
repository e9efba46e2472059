// Makes docs/reference/configs.md of the tables of configs: `npx tsx test/checks/configs-page.ts` writes it.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  BROKER_CONFIGS,
  type BrokerConfigDefinition,
} from '../../adapters/broker/configs/broker-config-definitions.js';
import type { ConfigDefinition } from '../../adapters/broker/configs/config-definition.js';
import { TOPIC_CONFIGS } from '../../adapters/broker/configs/topic-config-definitions.js';
import { root } from './entries.js';

export const page = 'docs/reference/configs.md';

const INTRODUCTION = `# Configs

<!-- Made of the tables in adapters/broker/configs/ by test/checks/configs-page.ts; edit those. -->

The broker kit knows its settings by Kafka's names, with Kafka's types, bounds and defaults:

\`\`\`ts
createMemoryBackend({ config: { 'num.partitions': 3, 'log.retention.ms': '3600000' } });
\`\`\`

\`\`\`console
$ npx iggy-gateway-kafka serve --config num.partitions=3 --config log.retention.ms=3600000
\`\`\`

A name that is not on this page, or a value that its type does not take, is an error that names it. DescribeConfigs shows
every config with its source and what else could give its value; what is marked _while running_ is changed with
IncrementalAlterConfigs or AlterConfigs, for this broker or for all of them, and kept in the store over restarts.

Enforced configs change what the broker does. Those that are only shown are there for tools that read or set them: the kit
keeps no files, no replicas and no tiers of its own.

Where this differs from Apache Kafka 4.3:

- \`node.id\` is 1 unless it is set, or one for each advertised address on Iggy; Kafka wants it set. It is 2097151 at most: producer ids begin with it.
- A replication factor is taken up to the number of brokers, but a partition shows one replica, its leader: copies are the
  store's affair. For the same reason \`min.insync.replicas\` is only shown.
- IncrementalAlterConfigs of a broker refuses names that are unknown; Kafka keeps them for plugins.
- Brokers have no loggers, groups and client metrics no configs.
- A store that does not compact, or that drops records by its own rules, refuses the configs that ask for it.
- Compaction keeps a tombstone for \`delete.retention.ms\` from the tombstone's own timestamp on; Kafka counts from the first
  compaction that saw it (KIP-534).
- Hours and minutes of retention that are negative mean no limit, as in Kafka; so does any negative \`retention.bytes\`.
`;

export function renderConfigs(): string {
  const sections = [
    ['Topic configs that are enforced', topics(true)],
    ['Topic configs that are only shown', topics(false)],
    ['Broker configs that are enforced', brokers(true)],
    ['Broker configs that are only shown', brokers(false)],
  ] as const;
  return [INTRODUCTION, ...sections.map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}\n`)].join('\n');
}

function topics(enforced: boolean): string[] {
  return Object.entries(TOPIC_CONFIGS)
    .filter(([, definition]) => definition.enforced === enforced)
    .map(([name, definition]) => line(name, definition, definition.broker && `default from \`${definition.broker}\``));
}

function brokers(enforced: boolean): string[] {
  const note = ({ dynamic, derived }: BrokerConfigDefinition): string | undefined =>
    derived ? 'cannot be set' : dynamic ? '_while running_' : undefined;
  return Object.entries(BROKER_CONFIGS)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, definition]) => definition.enforced === enforced)
    .map(([name, definition]) => line(name, definition, note(definition)));
}

function line(name: string, definition: ConfigDefinition, note: string | undefined): string {
  const { type, fallback, choices, least, most, also, doc } = definition;
  const bounds = [least === undefined ? '' : `from ${least}`, most === undefined ? '' : `to ${most}`].filter(Boolean);
  if (also !== undefined) bounds.push(`or ${also}`);
  const facts = [
    type,
    choices === undefined ? bounds.join(' ') : choices.map((choice) => `\`${choice}\``).join(' '),
    fallback === null ? 'no default' : `default \`${fallback === '' ? '(empty)' : fallback}\``,
    note ?? '',
  ].filter(Boolean);
  return `- \`${name}\` (${facts.join(', ')}): ${doc}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(root + page, renderConfigs());
