import type { Scenario } from '../side.js';
import { apiVersionsScenario } from './api-versions.js';
import { describeScenario, logDirScenario, metadataScenario } from './cluster.js';
import { alterConfigsScenario, describeConfigsScenario } from './configs.js';
import { fetchScenario, sessionScenario } from './fetch.js';
import { groupAdminScenario, offsetScenario } from './group-offsets.js';
import { coordinatorScenario, memberScenario, protocolScenario, refusedMemberScenario } from './groups.js';
import { listOffsetsScenario } from './list-offsets.js';
import { produceScenario, produceToConfigsScenario } from './produce.js';
import { producerIdScenario, producerScenario } from './producers.js';
import { deletionScenario, partitionScenario, topicScenario } from './topics.js';

/** All that is asked, in this order. */
export const scenarios: readonly Scenario[] = [
  apiVersionsScenario,
  topicScenario,
  partitionScenario,
  deletionScenario,
  metadataScenario,
  describeScenario,
  logDirScenario,
  describeConfigsScenario,
  alterConfigsScenario,
  produceScenario,
  produceToConfigsScenario,
  producerScenario,
  producerIdScenario,
  fetchScenario,
  sessionScenario,
  listOffsetsScenario,
  coordinatorScenario,
  refusedMemberScenario,
  memberScenario,
  protocolScenario,
  offsetScenario,
  groupAdminScenario,
];
