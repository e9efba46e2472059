// A fake on purpose: an engine that several brokers open, over the memory store, so that it fails when told.
import type { ShardChange, ShardEntry, ShardOpening, StateShard, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { encodeOwnerRecord, OWNER_KEY } from '../../adapters/broker/cluster/owner-record.js';
import { MemoryShards } from '../../adapters/memory/memory-shards.js';
import { OPENING } from './stored-state.js';
import { type TroubledStore, troubledStore } from './troubled-store.js';

const MAX_STATE_BYTES = 16 * 1024 ** 2;
const NEVER = new AbortController().signal;

/** What was put last under a key, or the newest opening, with its version. */
interface Version {
  readonly version: number;
  readonly entry: Exclude<ShardEntry, { kind: 'reset' }>;
}

/**
 * What a shard of a table with a version in each row shows to those that follow it: positions are versions. A row that is
 * deleted leaves nothing behind, so that whoever followed it before has to read everything again.
 */
class ShardVersions {
  #version = 0;
  #deletedAt = 0;
  #opening: Version | null = null;
  readonly #rows = new Map<string, Version>();

  opened(epoch: number, owner: Uint8Array): void {
    this.#opening = { version: ++this.#version, entry: { kind: 'opened', epoch, owner } };
  }

  put(epoch: number, key: string, value: Uint8Array | null): void {
    this.#version++;
    this.#rows.delete(key);
    if (value === null) this.#deletedAt = this.#version;
    else this.#rows.set(key, { version: this.#version, entry: { kind: 'put', epoch, key, value } });
  }

  follow(from: number, visit: (entry: ShardEntry) => void): number {
    const isReset = from < this.#deletedAt;
    if (isReset) visit({ kind: 'reset' });
    const all = [...(this.#opening === null ? [] : [this.#opening]), ...this.#rows.values()];
    const newer = all.filter(({ version }) => isReset || version > from);
    for (const { entry } of newer.sort((a, b) => a.version - b.version)) visit(entry);
    return this.#version;
  }
}

/** A store that several brokers open. `next` tells it what the next call of a method does, whichever broker makes it. */
export interface SharedStore extends TroubledStore {
  /** Puts into the state as its owner does, without fencing it. */
  put(key: string, value: Uint8Array | null): void;
  /** Reports to the owner that its shard is gone, though no other broker has opened it. */
  fence(error: StoreError): void;
  /** Removes all that the state holds, by another owner that gives it back. */
  remove(): Promise<void>;
}

/** A memory store of which one broker owns the state, while others follow it. */
export function sharedStore(): SharedStore {
  const shards = new MemoryShards(MAX_STATE_BYTES);
  const versions = new Map<number, ShardVersions>();
  const versionsOf = (index: number): ShardVersions => {
    const known = versions.get(index) ?? new ShardVersions();
    versions.set(index, known);
    return known;
  };
  let owner: { readonly put: StateShard['put']; readonly fenced: ShardOpening['fenced'] } | null = null;
  const trouble = troubledStore({
    openShard(opening): StateShard {
      const shard = shards.open(opening);
      const known = versionsOf(opening.shard);
      known.opened(shard.epoch, opening.owner);
      const put = (changes: readonly ShardChange[]): void => {
        void shard.put(changes);
        for (const [key, value] of changes) known.put(shard.epoch, key, value);
      };
      owner = { put, fenced: opening.fenced };
      return { ...shard, put };
    },
    followShard: (index, from, visit) => versionsOf(index).follow(from, visit),
  });
  return {
    ...trouble,
    put(key, value) {
      void owner!.put([[key, value]]);
    },
    fence(error) {
      owner!.fenced(error);
    },
    async remove() {
      const shard = await trouble.store.openShard(OPENING, NEVER);
      const held = await shard.load(NEVER);
      const closed = encodeOwnerRecord({ node: null, isClosed: true, epoch: shard.epoch });
      await shard.put([...Array.from(held, ([key]) => [key, null] as const), [OWNER_KEY, closed]]);
      await shard.close(NEVER);
    },
  };
}
