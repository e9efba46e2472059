import type { Scenario } from '../side.js';
import { describeScenario, logDirScenario, metadataScenario } from './cluster.js';
import { alterConfigsScenario, describeConfigsScenario } from './configs.js';
import { deletionScenario, partitionScenario, topicScenario } from './topics.js';

/** All that is asked, in this order. */
export const scenarios: readonly Scenario[] = [
  topicScenario,
  partitionScenario,
  deletionScenario,
  metadataScenario,
  describeScenario,
  logDirScenario,
  describeConfigsScenario,
  alterConfigsScenario,
];
