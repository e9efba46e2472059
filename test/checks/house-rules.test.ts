import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { expect, test } from 'vitest';
import { root } from './entries.js';

// The project's own configuration, without what needs type information: the files here exist in memory only.
const eslint = new ESLint({ cwd: root, overrideConfig: [tseslint.configs.disableTypeChecked] });

/** What `code` in `file` breaks: ids of the house's rules. */
async function broken(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: `${root}${file}` });
  expect(result!.fatalErrorCount).toBe(0);
  const messages = result!.messages.filter(({ ruleId }) => ruleId === 'house/imports');
  return messages.map(({ message }) => /\[([a-z-]+)\]$/.exec(message)![1]!);
}

const forbidden: [file: string, imported: string, rule: string][] = [
  ['src/gateway.ts', '../test/unit/helper.js', 'shipped'],
  ['src/cli/main.ts', '../../package.json', 'shipped'],
  ['adapters/stub/index.ts', '../../fixtures/golden/all.js', 'shipped'],
  ['adapters/memory/index.ts', '../../test/contract/suite.js', 'shipped'],
  ['src/gateway.ts', 'iggy-gateway-kafka', 'own-name'],
  ['adapters/stub/index.ts', 'iggy-gateway-kafka/protocol', 'own-name'],
  ['src/protocol/index.ts', './definitions/fetch.js', 'generator'],
  ['src/cli/main.ts', '../protocol/definitions/generator/main.js', 'generator'],
  ['src/protocol/reader.ts', '../contract/index.js', 'protocol'],
  ['src/protocol/messages/fetch.ts', '../../gateway.js', 'protocol'],
  ['src/protocol/messages/fetch.ts', '../../dispatch/index.js', 'protocol'],
  ['src/protocol/index.ts', '../../adapters/stub/index.js', 'protocol'],
  ['src/listener/connection.ts', '../dispatch/dispatcher.js', 'listener'],
  ['src/listener/connection.ts', '../protocol/messages/fetch.js', 'listener'],
  ['src/listener/tls/options.ts', '../../protocol/index.js', 'listener'],
  ['src/contract/index.ts', '../gateway.js', 'contract'],
  ['src/contract/backend.ts', '../listener/endpoint.js', 'contract'],
  ['src/contract/request.ts', '../dispatch/table.js', 'contract'],
  ['src/gateway.ts', '../adapters/memory/index.js', 'stub'],
  ['src/index.ts', '../adapters/broker/index.js', 'stub'],
  ['src/dispatch/dispatcher.ts', '../../adapters/stub/index.js', 'no-adapter'],
  ['src/listener/connection.ts', '../../adapters/stub/index.js', 'no-adapter'],
  ['src/contract/index.ts', '../../adapters/stub/index.js', 'no-adapter'],
  ['src/dispatch/dispatcher.ts', '../index.js', 'surface'],
  ['src/gateway.ts', './cli/options.js', 'surface'],
  ['src/gateway.ts', './wire-client/index.js', 'wire-client'],
  ['src/listener/connection.ts', '../wire-client/frames.js', 'wire-client'],
  ['src/wire-client/connection.ts', '../listener/connection.js', 'client-side'],
  ['src/wire-client/wire-client.ts', '../contract/index.js', 'client-side'],
  ['adapters/stub/index.ts', '../../src/index.js', 'adapter'],
  ['adapters/iggy/index.ts', '../../src/wire-client/index.js', 'adapter'],
  ['adapters/testing/contract/bench.ts', '../../../src/wire-client/connection.js', 'adapter'],
  ['adapters/broker/groups/join.ts', '../../../src/gateway.js', 'adapter'],
  ['adapters/broker/kit.ts', '../../src/contract/backend.js', 'adapter'],
  ['adapters/memory/index.ts', '../../src/protocol/messages/fetch.js', 'adapter'],
  ['adapters/testing/index.ts', '../../src/gateway.js', 'adapter'],
  ['adapters/broker/groups/join.ts', '../../../src/protocol/index.js', 'codecs'],
  ['adapters/stub/index.ts', '../broker/index.js', 'other-adapter'],
  ['adapters/broker/index.ts', '../memory/index.js', 'other-adapter'],
  ['adapters/iggy/index.ts', '../memory/index.js', 'other-adapter'],
  ['adapters/memory/index.ts', '../testing/index.js', 'other-adapter'],
  ['adapters/memory/memory-log.ts', '../broker/log-store.js', 'kit'],
  ['adapters/iggy/log/topics.ts', '../../broker/groups/index.js', 'kit'],
  ['adapters/iggy/sdk/client-pool.ts', '../options.js', 'iggy'],
  ['adapters/iggy/sdk/failures.ts', '../records/limits.js', 'iggy'],
  ['adapters/iggy/state/iggy-shard.ts', '../log/topics.js', 'iggy'],
  ['adapters/iggy/log/topics.ts', '../group-offsets/offset-mirror.js', 'iggy'],
  ['adapters/broker/access/authorizer.ts', '../apis/fetch.js', 'broker-order'],
  ['adapters/broker/transactions/coordinator.ts', '../access/authorizer.js', 'broker-order'],
  ['adapters/broker/groups/groups-part.ts', '../transactions/coordinator.js', 'broker-order'],
  ['adapters/broker/groups/groups-part.ts', '../topics/registry.js', 'broker-order'],
  ['adapters/broker/topics/registry.ts', '../configs/layered-broker-config.js', 'broker-order'],
  ['adapters/broker/log/fetch.ts', '../topics/registry.js', 'broker-order'],
  ['adapters/broker/producers/recovery.ts', '../log/appends.js', 'broker-order'],
  ['adapters/broker/cluster/placement.ts', '../producers/producer-ids.js', 'broker-order'],
  ['adapters/broker/store/log-store.ts', '../cluster/placement.js', 'broker-order'],
  ['adapters/broker/unnamed/file.ts', '../log/appends.js', 'broker-order'],
  ['adapters/broker/log/fetch.ts', '../unnamed/file.js', 'broker-order'],
  ['adapters/broker/kit.ts', './configs/layered-broker-config.js', 'broker-shared'],
  ['adapters/broker/serial.ts', './apis/index.js', 'broker-shared'],
  ['adapters/broker/log/fetch.ts', '../broker.js', 'broker-assembly'],
  ['adapters/broker/groups/groups-part.ts', '../index.js', 'broker-assembly'],
  ['examples/embed.ts', '../src/index.js', 'example'],
  ['examples/embed.js', '../dist/src/index.js', 'example'],
];

test.each(forbidden)('%s does not import %s', async (file, imported, rule) => {
  expect(await broken(file, `import '${imported}';`)).toEqual([rule]);
});

test.each([
  ["import { x } from '../contract/index.js';"],
  ["import type { X } from '../contract/index.js';"],
  ["export { x } from '../contract/index.js';"],
  ["export * from '../contract/index.js';"],
  ["export const x = await import('../contract/index.js');"],
  ["export type X = import('../contract/index.js').X;"],
])('the rules see %s', async (code) => {
  expect(await broken('src/protocol/reader.ts', code)).toEqual(['protocol']);
});

test.each([
  ['src/protocol/messages/fetch.ts', '../reader.js'],
  ['src/protocol/compression.ts', 'node:zlib'],
  ['src/protocol/definitions/generator/main.ts', '../fetch.js'],
  ['src/listener/connection.ts', '../contract/index.js'],
  ['src/listener/frame-reader.ts', '../protocol/errors.js'],
  ['src/dispatch/dispatcher.ts', '../protocol/messages/fetch.js'],
  ['src/contract/index.ts', '../protocol/index.js'],
  ['src/gateway.ts', '../adapters/stub/answers.js'],
  ['src/index.ts', '../adapters/stub/index.js'],
  ['src/cli/main.ts', '../../adapters/memory/index.js'],
  ['src/cli/main.ts', '../index.js'],
  ['src/cli/main.ts', 'commander'],
  ['adapters/stub/index.ts', './answers.js'],
  ['adapters/stub/index.ts', '../../src/protocol/core.js'],
  ['adapters/memory/store/log.ts', '../../broker/index.js'],
  ['adapters/broker/apis/fetch.ts', '../log/fetch.js'],
  ['adapters/broker/apis/alter-configs.ts', './alter-resources.js'],
  ['adapters/broker/groups/groups-part.ts', '../log/appends.js'],
  ['adapters/broker/log/appends.ts', '../producers/producer-state-manager.js'],
  ['adapters/broker/cluster/placement.ts', '../store/log-store.js'],
  ['adapters/broker/log/appends.ts', '../kit.js'],
  ['adapters/broker/kit.ts', './cluster/placement.js'],
  ['adapters/broker/kit.ts', './log-store.js'],
  ['adapters/broker/broker.ts', './log/log-manager.js'],
  ['adapters/broker/index.ts', './broker.js'],
  ['adapters/iggy/index.ts', '../broker/index.js'],
  ['adapters/iggy/iggy-store.ts', './log/topics.js'],
  ['adapters/iggy/group-offsets/offset-mirror.ts', '../log/topics.js'],
  ['adapters/iggy/log/topics.ts', '../state/iggy-shard.js'],
  ['adapters/iggy/state/state-topic.ts', '../sdk/client-pool.js'],
  ['adapters/iggy/sdk/client-pool.ts', './addresses.js'],
  ['adapters/testing/index.ts', '../memory/index.js'],
  ['adapters/testing/index.ts', '../../src/index.js'],
  ['adapters/testing/contract/bench.ts', '../../../src/wire-client/index.js'],
  ['src/cli/messages/exchange.ts', '../../wire-client/index.js'],
  ['src/wire-client/connection.ts', '../listener/frame-reader.js'],
  ['src/wire-client/frames.ts', '../protocol/core.js'],
  ['examples/embed.ts', 'iggy-gateway-kafka/protocol'],
  ['test/unit/dispatch/firewall.test.ts', '../../../src/dispatch/firewall.js'],
])('%s may import %s', async (file, imported) => {
  expect(await broken(file, `import '${imported}';`)).toEqual([]);
});

test.each([
  ["import type { X } from '../../src/protocol/index.js';"],
  ["export type { X } from '../../src/protocol/index.js';"],
  ["export type X = import('../../src/protocol/index.js').X;"],
])('an adapter may import types with %s', async (code) => {
  expect(await broken('adapters/memory/index.ts', code)).toEqual([]);
});

test('an adapter may not import a type in a way that loads the module', async () => {
  const code = "import { type X } from '../../src/protocol/index.js';";
  expect(await broken('adapters/memory/index.ts', code)).toEqual(['codecs']);
});

test('imports of values do not go round', async () => {
  // protocol/index.ts exports the reader.
  const lint = async (imported: string): Promise<(string | null)[]> => {
    const code = `import ${imported} from './index.js';`;
    const [result] = await eslint.lintText(code, { filePath: `${root}src/protocol/reader.ts` });
    return result!.messages.map(({ ruleId }) => ruleId);
  };
  expect(await lint('{ Reader }')).toContain('import-x/no-cycle');
  expect(await lint('type { Reader }')).not.toContain('import-x/no-cycle');
});

test.each([
  ['class WrongValue extends CodedError {}', ["the name of an error class ends in 'Error'"]],
  ['class WrongValueError extends Error {}', ['an error class extends CodedError, which gives it a code']],
  ['throw new (class extends OptionError {})()', ["the name of an error class ends in 'Error'"]],
  ['class WrongValueError extends CodedError {}', []],
  ['class CodedError extends Error {}', []],
  ['class Reader extends Base {}', []],
])('error classes: %s', async (code, found) => {
  const [result] = await eslint.lintText(code, { filePath: `${root}src/gateway.ts` });
  expect(result!.messages.filter(({ ruleId }) => ruleId === 'house/errors').map(({ message }) => message)).toEqual(
    found,
  );
});
