import assert from 'node:assert/strict';
import { metadataApi } from '../../../src/protocol/index.js';
import { isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { alter, BROKER, DELETE, describe, SET } from './configs.js';
import { listed, remove } from './group-requests.js';
import { newProducer, numbered } from './idempotence.js';
import { deleteRecords } from './log.js';
import { coordinated, heartbeat, join, leave, newGroup, soleMember, sync } from './members.js';
import { commit, committed, deleteOffset } from './offsets.js';
import { append, batchOf, bounds, produce, readAll, values } from './records.js';

export const restartCases: readonly CaseDefinition[] = [
  {
    name: 'topics keep their ids and partitions, the cluster its id',
    needs: ['durable'],
    async run(bench) {
      const topic = await bench.topic({ partitions: 3 });
      const { clusterId } = await bench.client.send(metadataApi, { topics: [] });
      await bench.restart();
      assert.equal((await bench.ready(topic.name, 3)).id, topic.id, 'the topic has another id');
      const again = await bench.client.send(metadataApi, { topics: [] });
      assert.equal(again.clusterId, clusterId, 'the cluster has another id');
    },
  },
  {
    name: 'a topic that was deleted stays so',
    needs: ['durable'],
    async run(bench) {
      const topic = await bench.topic();
      await bench.deleteTopic(topic);
      await bench.restart();
      isCode((await bench.describe(topic.name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata of a deleted topic');
    },
  },
  {
    name: 'records are there, and offsets go on',
    needs: ['durable'],
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a', 'b']);
      await bench.restart();
      await bench.ready(topic.name, 1);
      assert.deepEqual(await values(bench.client, topic), ['a', 'b'], 'other records are there');
      assert.equal(await append(bench.client, topic, ['c']), 2, 'the next record has another offset');
    },
  },
  {
    name: 'configs of topics hold',
    needs: ['durable'],
    async run(bench) {
      const topic = await bench.topic({ configs: { 'max.message.bytes': '500' } });
      await bench.restart();
      await bench.ready(topic.name, 1);
      const { errorCode } = await produce(bench.client, topic, batchOf(['x'.repeat(1000)]));
      isCode(errorCode, 'MESSAGE_TOO_LARGE', 'Produce of more than max.message.bytes');
    },
  },
  {
    name: 'a batch that is sent again is stored once, and no producer id is given twice',
    needs: ['durable'],
    async run(bench) {
      const topic = await bench.topic();
      const producer = await newProducer(bench);
      for (const sequence of [0, 1]) await append(bench.client, topic, numbered(producer, sequence));
      await bench.restart();
      await bench.ready(topic.name, 1);
      assert.equal(
        await append(bench.client, topic, numbered(producer, 1)),
        1,
        'a batch that was sent again has another offset',
      );
      const gap = await produce(bench.client, topic, numbered(producer, 3));
      isCode(gap.errorCode, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'Produce of sequence 3 after 1');
      await append(bench.client, topic, numbered(producer, 2));
      const read = (await readAll(bench.client, topic)).map(({ value }) => value);
      assert.deepEqual(read, ['0', '1', '2'], 'other records are there');
      const next = await newProducer(bench);
      assert.notEqual(next.producerId, producer.producerId, 'InitProducerId gave an id twice');
    },
  },
  {
    name: 'committed offsets are there',
    needs: ['durable'],
    async run(bench) {
      const topic = await bench.topic();
      const groupId = await newGroup(bench);
      isCode(await commit(bench.client, groupId, topic, 42, { metadata: 'm' }), 'NONE', 'OffsetCommit');
      await bench.restart();
      await coordinated(bench, groupId);
      assert.deepEqual(await committed(bench.client, groupId, topic), [[42, 'm']], 'another offset is committed');
    },
  },
  {
    name: 'members of a group go on in their generation',
    needs: ['durable'],
    async run(bench) {
      const groupId = await newGroup(bench);
      const member = await soleMember(bench, groupId);
      await bench.restart();
      await coordinated(bench, groupId);
      isCode(await heartbeat(bench.client, groupId, member), 'NONE', 'Heartbeat of a member from before');
    },
  },
  {
    name: 'records that were deleted stay so',
    needs: ['durable', 'deleteRecords'],
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a', 'b', 'c']);
      isCode((await deleteRecords(bench, topic, 2))?.errorCode, 'NONE', 'DeleteRecords');
      await bench.restart();
      await bench.ready(topic.name, 1);
      assert.deepEqual(await bounds(bench.client, topic), [2, 3], 'ListOffsets has other bounds');
    },
  },
  {
    name: 'a static member that comes back keeps its assignment',
    needs: ['durable'],
    async run(bench) {
      const groupId = await newGroup(bench);
      const instanceId = 'instance-1';
      const before = await soleMember(bench, groupId, { instanceId });
      await bench.restart();
      await coordinated(bench, groupId);
      const back = await join(bench.client, groupId, { instanceId });
      isCode(back.errorCode, 'NONE', 'JoinGroup of a static member that comes back');
      assert.equal(back.generationId, before.generationId, 'there was a rebalance');
      const { assignment } = await sync(bench.client, groupId, back, { instanceId });
      assert.equal(assignment.toString(), 'all', 'the member has another assignment');
    },
  },
  {
    name: 'a group without members goes on counting its generations',
    needs: ['durable'],
    async run(bench) {
      const groupId = await newGroup(bench);
      const { client, memberId, generationId } = await soleMember(bench, groupId);
      isCode(await leave(client, groupId, memberId), 'NONE', 'LeaveGroup');
      await bench.restart();
      await coordinated(bench, groupId);
      const next = await join(bench.client, groupId);
      assert(next.generationId > generationId, 'a generation came twice');
    },
  },
  {
    name: 'groups and offsets that were deleted stay so',
    needs: ['durable'],
    async run(bench) {
      const topic = await bench.topic({ partitions: 2 });
      const [deleted, kept] = [await newGroup(bench), await newGroup(bench)];
      for (const groupId of [deleted, kept]) {
        for (const partition of [0, 1]) {
          isCode(await commit(bench.client, groupId, topic, 5, { partition }), 'NONE', 'OffsetCommit');
        }
      }
      isCode(await remove(bench, deleted), 'NONE', 'DeleteGroups');
      isCode(await deleteOffset(bench, kept, topic), 'NONE', 'OffsetDelete');
      await bench.restart();
      for (const groupId of [deleted, kept]) await coordinated(bench, groupId);
      assert.equal(await listed(bench, deleted), undefined, 'ListGroups has a group that was deleted');
      const found = await committed(bench.client, kept, topic, { partitions: [0, 1] });
      assert.deepEqual(
        found.map(([offset]) => offset),
        [-1, 5],
        'other offsets are committed',
      );
    },
  },
  {
    name: 'configs of the broker that were set while it ran hold',
    needs: ['durable'],
    async run(bench) {
      const change = (operation: number, value: string | null): Promise<number | undefined> =>
        alter(bench, '', [['log.flush.interval.ms', operation, value]], { type: BROKER });
      isCode(await change(SET, '123456'), 'NONE', 'IncrementalAlterConfigs');
      await bench.restart();
      await bench.eventually(async () => {
        const { value } = await describe(bench, BROKER, '', 'log.flush.interval.ms');
        assert.equal(value, '123456', 'log.flush.interval.ms has another value');
      });
      isCode(await change(DELETE, null), 'NONE', 'taking the config back');
    },
  },
];
