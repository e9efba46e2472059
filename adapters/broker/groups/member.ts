import type { JoinGroupResponseInit, SyncGroupResponseInit } from '../../../src/protocol/index.js';
import type { Deadline } from './deadline.js';
import type { Reply } from './reply.js';

/** A protocol that a member can work with; for a consumer, an assignor. */
export interface Protocol {
  readonly name: string;
  /** What the protocol says of the member, opaque; for a consumer, its subscription. */
  readonly metadata: Buffer;
}

/** The assignment of a member that has none. */
export const NO_ASSIGNMENT: Buffer = Buffer.alloc(0);

/** The answer to a JoinGroup that did not succeed. */
export function joinError(errorCode: number, memberId: string): JoinGroupResponseInit {
  return { errorCode, generationId: -1, protocolType: null, protocolName: null, leader: '', memberId, members: [] };
}

/** A member of a group, of the classic protocol. */
export class Member {
  /** The preferred one first. */
  protocols: readonly Protocol[] = [];
  rebalanceTimeoutMs = 0;
  sessionTimeoutMs = 0;
  assignment: Buffer = NO_ASSIGNMENT;
  /** Whether it has not yet been told that it is a member: until then it sends no heartbeats. */
  isNew = false;
  /** The JoinGroup that waits for the rebalance; set through its group, which counts them. */
  awaitingJoin: Reply<JoinGroupResponseInit> | null = null;
  /** The SyncGroup that waits for the leader's assignment. */
  awaitingSync: Reply<SyncGroupResponseInit> | null = null;

  constructor(
    readonly id: string,
    /** Group instance id of a static member (KIP-345), or null. */
    readonly instanceId: string | null,
    readonly clientId: string,
    /** Address that it connects from, as Kafka writes it: `/127.0.0.1`. */
    readonly clientHost: string,
    /** When it counts as dead, unless it is heard of before. */
    readonly session: Deadline,
  ) {}

  /** Bytes that its protocols and its assignment take. */
  get bytes(): number {
    let bytes = this.assignment.length;
    for (const { metadata } of this.protocols) bytes += metadata.length;
    return bytes;
  }

  metadata(protocol: string | null): Buffer {
    return this.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_ASSIGNMENT;
  }

  /** Whether it says of itself what it said before. */
  matches(protocols: readonly Protocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, index) => {
        const own = this.protocols[index];
        return own?.name === name && own.metadata.equals(metadata);
      })
    );
  }

  /** Who waits for a rebalance is not expected to send heartbeats, save one that has never got an answer. */
  get hasSatisfiedHeartbeat(): boolean {
    return !this.isNew && (this.awaitingJoin !== null || this.awaitingSync !== null);
  }

  answerSync(response: SyncGroupResponseInit): boolean {
    if (this.awaitingSync === null) return false;
    this.awaitingSync.answer(response);
    this.awaitingSync = null;
    return true;
  }
}
