// Fakes on purpose: group state machines are tested alone, with a clock that is turned and a store that can fail.
import type { Awaitable, ConnectionInfo, RequestContext } from '../../src/contract/index.js';
import { createApis } from '../../adapters/broker/apis/index.js';
import { GroupsPart } from '../../adapters/broker/groups/groups-part.js';
import { checkGroupLimits, type GroupLimits } from '../../adapters/broker/groups/limits.js';
import type { BrokerConfigValues } from '../../adapters/broker/broker-config.js';
import type { Broker } from '../../adapters/broker/apis/handler.js';
import type { Kit, KitMethods } from '../../adapters/broker/kit.js';
import type { Topic } from '../../adapters/broker/topic-registry.js';
import { OwnedPlacement } from '../../adapters/broker/cluster/owned-placement.js';
import { singleNode } from '../../adapters/broker/cluster/placement.js';
import { TurnedClock } from './turned-clock.js';

export type GroupMethods = Required<KitMethods>;

/** What is there beside the group APIs, to be turned and looked at. */
export interface GroupBench {
  readonly methods: GroupMethods;
  readonly clock: TurnedClock;
  readonly stored: Map<string, Buffer>;
  readonly warnings: string[];
  readonly config: Partial<BrokerConfigValues>;
  /** Stands in for the store's put; null for one that stores at once. */
  onPut: ((key: string, value: Uint8Array | null) => Awaitable<void>) | null;
  coordinator: (groupId: string) => number;
  addTopic(name: string, partitions: number): Topic;
  deleteTopic(topic: Topic): void;
  /** A new broker over the same store. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export const defaultConfig: Partial<BrokerConfigValues> = {
  'group.initial.rebalance.delay.ms': 3000,
  'group.min.session.timeout.ms': 6000,
  'group.max.session.timeout.ms': 1_800_000,
  'group.max.size': 2 ** 31 - 1,
  'offset.metadata.max.bytes': 4096,
  'offsets.retention.minutes': 7 * 24 * 60,
  'offsets.retention.check.interval.ms': 600_000,
};

export async function groupBench(
  config: Partial<BrokerConfigValues> = {},
  limits: Partial<GroupLimits> = {},
): Promise<GroupBench> {
  const clock = new TurnedClock();
  const topics = new Map<string, Topic>();
  const listeners = new Set<(topic: Topic) => void>();
  const warnings: string[] = [];
  const stored = new Map<string, Buffer>();
  const values = { ...defaultConfig, ...config };

  const kit = {
    clock,
    placement: new OwnedPlacement({ ...singleNode(), coordinator: (_type, key) => bench.coordinator(key) }, 1, null),
    config: { get: (name: keyof BrokerConfigValues) => values[name] },
    topics: {
      byName: (name: string) => [...topics.values()].find((topic) => topic.name === name),
      byId: (id: string) => topics.get(id),
      all: () => topics.values(),
      onDeleted: (listener: (topic: Topic) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    state: {
      *load(prefix: string) {
        for (const [key, value] of stored) if (key.startsWith(prefix)) yield [key.slice(prefix.length), value] as const;
      },
      put: (key: string, value: Uint8Array | null): Awaitable<void> => {
        const keep = (): void => {
          if (value === null) stored.delete(key);
          else stored.set(key, Buffer.from(value));
        };
        const outcome = bench.onPut?.(key, value);
        if (outcome !== undefined) return outcome.then(keep);
        keep();
      },
    },
    store: { name: 'fake' },
    warn: (message: string) => warnings.push(message),
  } as unknown as Kit;

  let groups = new GroupsPart(kit, checkGroupLimits(limits));
  const apis = (): GroupMethods => createApis({ kit, groups } as Broker) as GroupMethods;
  const bench: GroupBench = {
    methods: apis(),
    clock,
    stored,
    warnings,
    config: values,
    onPut: null,
    coordinator: () => 1,
    addTopic(name, count) {
      const id = `00000000-0000-4000-8000-${String(topics.size + 1).padStart(12, '0')}`;
      const topic = { id, name, partitions: Array.from({ length: count }) } as unknown as Topic;
      Object.assign(topic, { partitions: Array.from({ length: count }, (_, index) => ({ topic, index })) });
      topics.set(id, topic);
      return topic;
    },
    deleteTopic(topic) {
      topics.delete(topic.id);
      for (const listener of listeners) listener(topic);
    },
    async restart() {
      groups.close();
      groups = new GroupsPart(kit, checkGroupLimits(limits));
      Object.assign(bench, { methods: apis() });
      groups.open();
    },
    async close() {
      groups.close();
    },
  };
  groups.open();
  return bench;
}

/** A client's context: its API version, and a signal that can be aborted. */
export function contextOf(
  apiVersion: number,
  options: { readonly clientId?: string | null; readonly signal?: AbortSignal } = {},
): RequestContext<ConnectionInfo> {
  const { clientId = 'client', signal = new AbortController().signal } = options;
  const state: Partial<ConnectionInfo> = { remoteAddress: '127.0.0.1' };
  const advertised = { host: 'broker.test', port: 9092 };
  return { apiVersion, clientId, signal, state, advertised } as RequestContext<ConnectionInfo>;
}
