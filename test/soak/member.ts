import { setTimeout as sleep } from 'node:timers/promises';
import {
  consumerProtocolAssignment,
  ErrorCode,
  errorName,
  fetchApi,
  heartbeatApi,
  joinGroupApi,
  type JoinGroupResponse,
  leaveGroupApi,
  offsetCommitApi,
  offsetFetchApi,
  readBatches,
  Reader,
  readRecords,
  syncGroupApi,
  Writer,
} from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../support/wire-client.js';
import type { Invariants } from './invariants.js';

/** What all members share. */
export interface SoakWorld {
  readonly topic: string;
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
  readonly invariants: Invariants;
  /** 0 to 1. */
  random(): number;
  /** Where the broker listens at the moment. */
  port(): number;
  /** Nobody dies any more: everyone reads to the end. */
  isCalm(): boolean;
  isOver(): boolean;
}

/** How a member's life ends: without goodbye, with one, or with a silence longer than its session. */
type End = 'death' | 'leave' | 'freeze';

const HEARTBEAT_MS = 40;
/** Where a request is not answered: after that something hangs. */
const ANSWER_MS = 30_000;

/** One place in a group, taken by one member after another. */
export class SoakMember {
  #client: WireClient | null = null;

  constructor(
    readonly world: SoakWorld,
    readonly group: string,
    /** Group instance id of a static member, or null. */
    readonly instanceId: string | null,
  ) {}

  /** Lives and dies, until the soak is over. */
  async run(): Promise<void> {
    while (!this.world.isOver()) {
      try {
        await this.#live();
      } catch (error) {
        // A broken connection is how most lives end; anything else is a defect, of the broker or of the soak.
        if (!isBroken(error)) this.world.invariants.violated(`${this.group}: ${String(error)}`);
      } finally {
        this.#client?.socket.destroy();
      }
      await sleep(this.world.random() * (this.instanceId === null ? 200 : 50));
    }
  }

  async #live(): Promise<void> {
    const { world } = this;
    const client = (this.#client = await WireClient.connect(world.port()));
    const end = (['death', 'death', 'leave', 'freeze'] as const)[Math.floor(world.random() * 4)] ?? 'death';
    const lifetime = 200 + world.random() * 3000;
    const dueAt = performance.now() + lifetime;
    const death = setTimeout(() => {
      if (end !== 'death' || world.isCalm()) return;
      world.invariants.counts.deaths++;
      // In whatever it is doing: waiting for a JoinGroup, too.
      client.reset();
    }, lifetime);
    try {
      let memberId = '';
      while (!world.isOver()) {
        const joined = await this.#join(client, memberId);
        memberId = joined.memberId;
        if (joined.errorCode !== ErrorCode.NONE) {
          this.#expect('JoinGroup', joined.errorCode, JOIN_ERRORS);
          if (joined.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) await sleep(10);
          continue;
        }
        const partitions = await this.#sync(client, joined);
        if (typeof partitions === 'number') {
          if (partitions === ErrorCode.UNKNOWN_MEMBER_ID) memberId = '';
          continue;
        }
        const over = await this.#consume(client, joined, partitions, end, dueAt);
        if (over === 'ended') return;
        if (over === 'unknown') memberId = '';
      }
    } finally {
      clearTimeout(death);
    }
  }

  async #join(client: WireClient, memberId: string): Promise<JoinGroupResponse> {
    const { response } = await answered(
      client.send(joinGroupApi, 9, {
        groupId: this.group,
        sessionTimeoutMs: this.world.sessionTimeoutMs,
        rebalanceTimeoutMs: 2000,
        memberId,
        groupInstanceId: this.instanceId,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('00010000000100017400000000', 'hex') }],
      }),
    );
    this.world.invariants.counts.joins++;
    const isLost =
      response.errorCode === ErrorCode.UNKNOWN_MEMBER_ID || response.errorCode === ErrorCode.FENCED_INSTANCE_ID;
    return isLost ? { ...response, memberId: '' } : response;
  }

  /** The partitions that were assigned, or the error. */
  async #sync(client: WireClient, joined: JoinGroupResponse): Promise<readonly number[] | number> {
    const { generationId, memberId } = joined;
    const isLeader = joined.leader === memberId && !joined.skipAssignment;
    const { response } = await answered(
      client.send(syncGroupApi, 5, {
        groupId: this.group,
        generationId,
        memberId,
        groupInstanceId: this.instanceId,
        protocolType: 'consumer',
        protocolName: joined.protocolName,
        assignments: isLeader ? this.#assign(joined) : [],
      }),
    );
    if (response.errorCode !== ErrorCode.NONE) {
      this.#expect('SyncGroup', response.errorCode, SYNC_ERRORS);
      return response.errorCode;
    }
    const partitions = partitionsOf(response.assignment);
    // A static member is the same one under its next id (KIP-345).
    this.world.invariants.assigned(this.group, generationId, this.instanceId ?? memberId, partitions);
    return partitions;
  }

  #assign({ members }: JoinGroupResponse): { memberId: string; assignment: Buffer }[] {
    return members.map(({ memberId }, index) => {
      const own = [];
      for (let at = index; at < this.world.partitions; at += members.length) own.push(at);
      return { memberId, assignment: assignmentOf(this.world.topic, own) };
    });
  }

  /** Reads and commits, until there is a rebalance or the life is over. */
  async #consume(
    client: WireClient,
    { generationId, memberId }: JoinGroupResponse,
    partitions: readonly number[],
    end: End,
    dueAt: number,
  ): Promise<'rebalance' | 'unknown' | 'ended'> {
    const { world, group } = this;
    const positions = await this.#positions(client, partitions);
    let beatAt = performance.now();
    while (!world.isOver()) {
      await this.#read(client, positions);
      if (world.random() < 0.5) {
        const code = await this.#commit(client, memberId, generationId, positions);
        if (code !== ErrorCode.NONE) return this.#lost('OffsetCommit', code);
      }
      if (performance.now() >= beatAt) {
        beatAt = performance.now() + HEARTBEAT_MS;
        const beat = { groupId: group, generationId, memberId, groupInstanceId: this.instanceId };
        const { response } = await answered(client.send(heartbeatApi, 4, beat));
        if (response.errorCode !== ErrorCode.NONE) {
          // Before it gives its partitions away, a consumer commits what it has read.
          await this.#commit(client, memberId, generationId, positions);
          return this.#lost('Heartbeat', response.errorCode);
        }
      }
      if (performance.now() < dueAt || world.isCalm()) continue;
      if (end === 'leave') return this.#leave(client, memberId);
      if (end === 'freeze') return this.#freeze(client, memberId, generationId, positions);
    }
    return 'ended';
  }

  async #leave(client: WireClient, memberId: string): Promise<'ended'> {
    this.world.invariants.counts.leaves++;
    const members = [{ memberId, groupInstanceId: this.instanceId }];
    await answered(client.send(leaveGroupApi, 5, { groupId: this.group, members }));
    return 'ended';
  }

  /** Says nothing for longer than its session, and then commits as if nothing had been: that must be refused. */
  async #freeze(
    client: WireClient,
    memberId: string,
    generationId: number,
    positions: ReadonlyMap<number, number>,
  ): Promise<'ended'> {
    const { world } = this;
    world.invariants.counts.freezes++;
    await sleep(world.sessionTimeoutMs * 1.5);
    const code = await this.#commit(client, memberId, generationId, positions);
    if (code === ErrorCode.NONE && positions.size > 0) {
      world.invariants.violated(
        `${this.group}: ${memberId} commits in generation ${String(generationId)}, long expired`,
      );
    }
    return 'ended';
  }

  #lost(what: string, errorCode: number): 'rebalance' | 'unknown' {
    this.#expect(what, errorCode, SYNC_ERRORS);
    return errorCode === ErrorCode.UNKNOWN_MEMBER_ID || errorCode === ErrorCode.FENCED_INSTANCE_ID
      ? 'unknown'
      : 'rebalance';
  }

  /** What to read next, by partition. */
  async #positions(client: WireClient, partitions: readonly number[]): Promise<Map<number, number>> {
    const { topic, invariants } = this.world;
    const before = new Map(partitions.map((partition) => [partition, invariants.committed(this.group, partition)]));
    const topics = [{ name: topic, partitionIndexes: [...partitions] }];
    const { response } = await answered(
      client.send(offsetFetchApi, 9, { groups: [{ groupId: this.group, topics }], requireStable: true }),
    );
    const positions = new Map<number, number>();
    for (const { partitionIndex, committedOffset, errorCode } of response.groups[0]?.topics[0]?.partitions ?? []) {
      this.#expect('OffsetFetch', errorCode, [ErrorCode.NONE]);
      const offset = Math.max(0, Number(committedOffset));
      invariants.positioned(this.group, partitionIndex, offset, before.get(partitionIndex) ?? 0);
      positions.set(partitionIndex, offset);
    }
    return positions;
  }

  async #read(client: WireClient, positions: Map<number, number>): Promise<void> {
    const { topic, invariants } = this.world;
    const partitions = Array.from(positions, ([partition, offset]) => ({
      partition,
      fetchOffset: BigInt(offset),
      partitionMaxBytes: 4096,
    }));
    const request = { maxWaitMs: 20, minBytes: 1, sessionEpoch: -1, topics: [{ topic, partitions }] };
    const { response } = await answered(client.send(fetchApi, 12, request));
    for (const { partitionIndex, errorCode, records } of response.responses[0]?.partitions ?? []) {
      this.#expect('Fetch', errorCode, [ErrorCode.NONE]);
      let next = positions.get(partitionIndex) ?? 0;
      for (const batch of readBatches(records ?? Buffer.alloc(0), { partial: 'skip' })) {
        for (const { offset, value } of readRecords(batch)) {
          if (offset < next) continue;
          invariants.read(this.group, partitionIndex, offset, next, String(value));
          next = offset + 1;
        }
      }
      positions.set(partitionIndex, next);
    }
  }

  async #commit(
    client: WireClient,
    memberId: string,
    generation: number,
    positions: ReadonlyMap<number, number>,
  ): Promise<number> {
    const { topic, invariants } = this.world;
    const partitions = Array.from(positions, ([partitionIndex, offset]) => ({
      partitionIndex,
      committedOffset: BigInt(offset),
      committedMetadata: null,
    }));
    if (partitions.length === 0) return ErrorCode.NONE;
    const { response } = await answered(
      client.send(offsetCommitApi, 9, {
        groupId: this.group,
        generationIdOrMemberEpoch: generation,
        memberId,
        groupInstanceId: this.instanceId,
        topics: [{ name: topic, partitions }],
      }),
    );
    let code: number = ErrorCode.NONE;
    for (const { partitionIndex, errorCode } of response.topics[0]?.partitions ?? []) {
      if (errorCode === ErrorCode.NONE) {
        invariants.acknowledged(this.group, partitionIndex, positions.get(partitionIndex) ?? 0);
      } else code = errorCode;
    }
    if (code !== ErrorCode.NONE) invariants.counts.refusedCommits++;
    return code;
  }

  #expect(what: string, errorCode: number, allowed: readonly number[]): void {
    if (allowed.includes(errorCode)) return;
    this.world.invariants.violated(`${this.group}: ${what} is answered with ${errorName(errorCode)}`);
  }
}

const SYNC_ERRORS: readonly number[] = [
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.FENCED_INSTANCE_ID,
  // Of a broker that is being restarted.
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
];
const JOIN_ERRORS: readonly number[] = [...SYNC_ERRORS, ErrorCode.MEMBER_ID_REQUIRED];

function isBroken(error: unknown): boolean {
  const { name, code } = error as { readonly name?: string; readonly code?: string };
  return name === 'WireClosedError' || ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code ?? '');
}

/** The answer, or an error when none comes: nothing may hang. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${String(ANSWER_MS)} ms`));
    }, ANSWER_MS);
  });
  try {
    return await Promise.race([answer, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

function assignmentOf(topic: string, partitions: readonly number[]): Buffer {
  const writer = new Writer();
  writer.int16(0);
  consumerProtocolAssignment.write(writer, { assignedPartitions: [{ topic, partitions }] }, 0);
  const bytes = writer.take();
  return Array.isArray(bytes) ? Buffer.concat(bytes) : Buffer.from(bytes);
}

function partitionsOf(assignment: Buffer): readonly number[] {
  if (assignment.length === 0) return [];
  const reader = new Reader(assignment);
  return consumerProtocolAssignment.read(reader, reader.int16()).assignedPartitions.flatMap((one) => one.partitions);
}
