// Makes docs/reference/configs.md of the tables of configs: `npx tsx test/checks/configs-page.ts` writes it.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrokerConfigDefinition } from '../../adapters/broker/configs/broker-config-definitions.js';
import type { ConfigDefinition } from '../../adapters/broker/configs/config-definition.js';
import { allBrokerConfigs, allTopicConfigs } from '../../adapters/broker/configs/config-lookup.js';
import { root } from './entries.js';

export const page = 'docs/reference/configs.md';

const INTRODUCTION = `# Configs

<!-- Made of the tables in adapters/broker/configs/ by test/checks/configs-page.ts; edit those. Names, types and bounds come from Kafka: fixtures/generator/Configs.java. -->

The broker kit knows its settings by Kafka's names, with Kafka's types, bounds and defaults:

\`\`\`ts
createMemoryBackend({ config: { 'num.partitions': 3, 'log.retention.ms': '3600000' } });
\`\`\`

\`\`\`console
$ npx iggy-gateway-kafka serve --config num.partitions=3 --config log.retention.ms=3600000
\`\`\`

This page lists every config of Apache Kafka 4.4. A name that Kafka does not have, or a value that the type does not
allow, is an error that names it. DescribeConfigs shows every config with its source and the other sources of its value.
Configs marked _while running_ are changed with IncrementalAlterConfigs or AlterConfigs, for this broker or for all of
them; those marked _per broker_ for this broker only. Changes are kept in the store over restarts.

**Enforced** configs change what the broker does. **Only shown** configs are checked by type and bounds, kept and shown,
and change nothing, whatever they promise: \`ssl.client.auth=required\` or \`authorizer.class.name\` protect nothing here.
The broker warns once at its start with the names of those that its embedder or \`--config\` sets.

\`listener.name.NAME.CONFIG\`, a config of one listener, is known where CONFIG is, and only shown. Values of type password
are never shown.

## Compaction

The cleaner looks at compacted topics every \`log.cleaner.backoff.ms\` (15 s) while one of them has new records; otherwise
no timer runs. It compacts a partition when more than \`min.cleanable.dirty.ratio\` of its bytes is new since the last
compaction, or when its first new record is older than \`max.compaction.lag.ms\`. Records younger than
\`min.compaction.lag.ms\` are left for later. Unlike Kafka, the newest segment is compacted as well.

## Differences

Where this differs from Apache Kafka 4.4:

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
  return Object.entries(allTopicConfigs())
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, definition]) => definition.enforced === enforced)
    .map(([name, definition]) => line(name, definition, definition.broker && `default from \`${definition.broker}\``));
}

function brokers(enforced: boolean): string[] {
  const note = ({ dynamic, derived }: BrokerConfigDefinition): string | undefined =>
    derived ? 'cannot be set' : dynamic === 'per-broker' ? '_while running, per broker_' : dynamic && '_while running_';
  return Object.entries(allBrokerConfigs())
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, definition]) => definition.enforced === enforced)
    .map(([name, definition]) => line(name, definition, note(definition)));
}

function line(name: string, definition: ConfigDefinition, note: string | undefined): string {
  const { type, fallback, choices, least, most, also, internal, doc } = definition;
  const bounds = [least === undefined ? '' : `from ${least}`, most === undefined ? '' : `to ${most}`].filter(Boolean);
  if (also !== undefined) bounds.push(`or ${also}`);
  const facts = [
    type,
    internal ? 'internal to Kafka, not shown' : '',
    choices === undefined ? bounds.join(' ') : choices.map((choice) => `\`${choice}\``).join(' '),
    fallback === null ? 'no default' : `default \`${fallback === '' ? '(empty)' : fallback}\``,
    note ?? '',
  ].filter(Boolean);
  return `- \`${name}\` (${facts.join(', ')})${doc === '' ? '' : `: ${doc}`}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(root + page, renderConfigs());
