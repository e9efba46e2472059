import { apiVersionsApi, describeClusterApi } from 'iggy-gateway-kafka/protocol';
import { software } from '../../../support/wire-client.js';
import type { Scenario } from '../side.js';

/** Names and versions of client software, and whether they are well formed. */
const SOFTWARE: Readonly<Record<string, readonly [name: string, version: string]>> = {
  'letters, digits, dots and hyphens': ['a.b-c', '1.0-x'],
  'one letter each': ['a', '1'],
  'no name': ['', '1'],
  'no version': ['test', ''],
  'a name with a blank': ['a b', '1'],
  'a name with an underscore': ['a_b', '1'],
  'a name that begins with a dot': ['.a', '1'],
  'a version that ends with a hyphen': ['test', '1-'],
};

export const apiVersionsScenario: Scenario = {
  area: 'ApiVersions',
  async run(side) {
    for (let version = 0; version <= 5; version++) {
      await side.ask('what there is', apiVersionsApi, version, version < 3 ? {} : software);
    }
    const { clusterId, controllerId: nodeId } = await side.send(describeClusterApi, 1, {
      includeClusterAuthorizedOperations: false,
    });
    await side.ask('of the broker that is expected', apiVersionsApi, 5, { ...software, clusterId, nodeId });
    for (const version of [3, 4, 5]) {
      for (const [what, [clientSoftwareName, clientSoftwareVersion]] of Object.entries(SOFTWARE)) {
        await side.ask(what, apiVersionsApi, version, { clientSoftwareName, clientSoftwareVersion }, { on: what });
      }
    }
  },
};
