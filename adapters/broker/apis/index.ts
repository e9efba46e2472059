import type { KitMethods } from '../kit.js';
import { alterConfigs } from './alter-configs.js';
import { createPartitions } from './create-partitions.js';
import { createTopics } from './create-topics.js';
import { deleteGroups } from './delete-groups.js';
import { deleteRecords } from './delete-records.js';
import { deleteTopics } from './delete-topics.js';
import { describeCluster } from './describe-cluster.js';
import { describeConfigs } from './describe-configs.js';
import { describeGroups } from './describe-groups.js';
import { describeLogDirs } from './describe-log-dirs.js';
import { describeTopicPartitions } from './describe-topic-partitions.js';
import { fetch } from './fetch.js';
import { findCoordinator } from './find-coordinator.js';
import type { Broker } from './handler.js';
import { heartbeat } from './heartbeat.js';
import { incrementalAlterConfigs } from './incremental-alter-configs.js';
import { initProducerId } from './init-producer-id.js';
import { joinGroup } from './join-group.js';
import { leaveGroup } from './leave-group.js';
import { listConfigResources } from './list-config-resources.js';
import { listGroups } from './list-groups.js';
import { listOffsets } from './list-offsets.js';
import { metadata } from './metadata.js';
import { offsetCommit } from './offset-commit.js';
import { offsetDelete } from './offset-delete.js';
import { offsetFetch } from './offset-fetch.js';
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.js';
import { produce } from './produce.js';
import { syncGroup } from './sync-group.js';

/** The APIs that the broker serves. Written out, since a function that all APIs shared would be slower to call. */
export function createApis(broker: Broker): KitMethods {
  return {
    alterConfigs: (request, context) => alterConfigs(broker, request, context),
    createPartitions: (request, context) => createPartitions(broker, request, context),
    createTopics: (request, context) => createTopics(broker, request, context),
    deleteGroups: (request, context) => deleteGroups(broker, request, context),
    deleteRecords: (request, context) => deleteRecords(broker, request, context),
    deleteTopics: (request, context) => deleteTopics(broker, request, context),
    describeCluster: (request, context) => describeCluster(broker, request, context),
    describeConfigs: (request, context) => describeConfigs(broker, request, context),
    describeGroups: (request, context) => describeGroups(broker, request, context),
    describeLogDirs: (request, context) => describeLogDirs(broker, request, context),
    describeTopicPartitions: (request, context) => describeTopicPartitions(broker, request, context),
    fetch: (request, context) => fetch(broker, request, context),
    findCoordinator: (request, context) => findCoordinator(broker, request, context),
    heartbeat: (request, context) => heartbeat(broker, request, context),
    incrementalAlterConfigs: (request, context) => incrementalAlterConfigs(broker, request, context),
    initProducerId: (request, context) => initProducerId(broker, request, context),
    joinGroup: (request, context) => joinGroup(broker, request, context),
    leaveGroup: (request, context) => leaveGroup(broker, request, context),
    listConfigResources: (request, context) => listConfigResources(broker, request, context),
    listGroups: (request, context) => listGroups(broker, request, context),
    listOffsets: (request, context) => listOffsets(broker, request, context),
    metadata: (request, context) => metadata(broker, request, context),
    offsetCommit: (request, context) => offsetCommit(broker, request, context),
    offsetDelete: (request, context) => offsetDelete(broker, request, context),
    offsetFetch: (request, context) => offsetFetch(broker, request, context),
    offsetForLeaderEpoch: (request, context) => offsetForLeaderEpoch(broker, request, context),
    produce: (request, context) => produce(broker, request, context),
    syncGroup: (request, context) => syncGroup(broker, request, context),
  };
}
