import { randomInt } from 'node:crypto';
import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type { InitProducerIdRequest, InitProducerIdResponseInit } from '../../../src/protocol/index.js';
import { andThen, attempt } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { StoreError } from '../log-store.js';

/** How many ids are reserved at a time: a restart skips those of the last block that were not given. */
const BLOCK = 1000;
/** Each broker has a range of its own, so that two over one store never give the same id. */
const RANGE = 2 ** 32;

/** Where the ids of a store that forgets begin, at most: half of the range is left to give. */
const HIGHEST_FIRST = RANGE / 2;

const KEY = 'log/producer-ids/';

/** Gives out producer ids (KIP-98), none twice, not even after a restart. */
export class ProducerIds {
  readonly #kit: Kit;
  #next = 0;
  #reserved = 0;
  #reserving: PromiseLike<void> | null = null;

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  open(): void {
    const nodeId = String(this.#kit.placement.nodeId);
    // Clients outlive a store that forgets: with the id of one of them, a new producer's batches would be taken for its.
    this.#next = this.#kit.store.capabilities.durable ? 0 : randomInt(HIGHEST_FIRST);
    for (const [key, value] of this.#kit.state.load(KEY)) if (key === nodeId) this.#next = Number(value.toString());
    this.#reserved = this.#next;
    this.#reserving = null;
  }

  handle(request: InitProducerIdRequest): Awaitable<InitProducerIdResponseInit> {
    const { transactionalId, producerId, producerEpoch } = request;
    if ((producerId === -1n) !== (producerEpoch === -1)) return failure(ErrorCode.INVALID_REQUEST);
    if (transactionalId === '') return failure(ErrorCode.INVALID_REQUEST);
    if (transactionalId !== null) {
      const what = `the transactional id '${transactionalId}' is refused, as any other`;
      this.#kit.warn(`transactions are not supported: ${what}`, 'transactions');
      return failure(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    // As Kafka has it, while it loads: clients ask again, of any broker that Metadata names. With COORDINATOR_NOT_AVAILABLE
    // Java's producer would look for the coordinator of a transactional id that it does not have.
    if (!this.#kit.placement.isOwner) return failure(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    return attempt(
      () => this.#take(),
      (id): InitProducerIdResponseInit => {
        const first = this.#kit.placement.nodeId * RANGE;
        return { throttleTimeMs: 0, errorCode: 0, producerId: BigInt(first + id), producerEpoch: 0 };
      },
      (error) => {
        if (!(error instanceof StoreError)) throw error;
        this.#kit.warn(`there are no producer ids to give: ${error.message}`);
        // As Kafka has it, while it cannot reserve any: clients ask again.
        return failure(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
      },
    );
  }

  #take(): Awaitable<number> {
    if (this.#next < this.#reserved) return this.#next++;
    return andThen(this.#reserve(), () => this.#take());
  }

  #reserve(): Awaitable<void> {
    if (this.#reserving !== null) return this.#reserving;
    const reserved = this.#next + BLOCK;
    const nodeId = String(this.#kit.placement.nodeId);
    const kept = attempt(
      () => this.#kit.state.put(KEY + nodeId, Buffer.from(String(reserved))),
      () => {
        this.#reserved = reserved;
        this.#reserving = null;
      },
      (error) => {
        this.#reserving = null;
        throw error;
      },
    );
    if (kept === undefined) return;
    this.#reserving = kept;
    return kept;
  }
}

function failure(errorCode: number): InitProducerIdResponseInit {
  return { throttleTimeMs: 0, errorCode, producerId: -1n, producerEpoch: -1 };
}
