import type { PartitionEnds } from './partition-ends.js';
import type { PartitionState } from './partition-state.js';

/** How often the server is asked for messages from elsewhere while someone waits for them. */
export interface Pace {
  /** Milliseconds between two questions after messages have come. */
  readonly minIntervalMs: number;
  /** Milliseconds between two questions after a long time without. */
  readonly maxIntervalMs: number;
}

/** By how much longer each wait is, as long as nothing comes. */
const SLOWER = 1.5;
/** The server is asked so often at most, over all topics; in ms between two questions. */
const GAP_MS = 2;

interface WatchedTopic {
  readonly id: string;
  readonly states: Set<PartitionState>;
  intervalMs: number;
  dueAt: number;
  asking: boolean;
}

/**
 * Asks where logs end while someone waits there: one question for all partitions of a topic and all who wait for them,
 * the less often the longer nothing comes.
 */
export class EndWatcher {
  readonly #ends: PartitionEnds;
  readonly #pace: Pace;
  /** Topics keep their pace while nobody waits: the next fetch comes soon. */
  readonly #topics = new Map<string, WatchedTopic>();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Infinity;

  constructor(ends: PartitionEnds, pace: Pace) {
    this.#ends = ends;
    this.#pace = pace;
  }

  /** Calls `wake` after appends from elsewhere. Returns how to stop. */
  watch(state: PartitionState, wake: () => void): () => void {
    const topic = this.#topic(state.id.topicId);
    state.wakes.add(wake);
    topic.states.add(state);
    topic.dueAt = Math.min(topic.dueAt, performance.now() + topic.intervalMs);
    this.#schedule();
    return () => {
      state.wakes.delete(wake);
      if (state.wakes.size === 0) topic.states.delete(state);
    };
  }

  /** Whether the end of a partition was learned so lately that it need not be asked for again. */
  isFresh(state: PartitionState): boolean {
    const intervalMs = this.#topics.get(state.id.topicId)?.intervalMs ?? this.#pace.minIntervalMs;
    return performance.now() - state.seenAt <= intervalMs + GAP_MS * this.#topics.size;
  }

  /** Only these topics are left. */
  retain(topicIds: ReadonlySet<string>): void {
    for (const id of this.#topics.keys()) if (!topicIds.has(id)) this.#topics.delete(id);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = Infinity;
    this.#topics.clear();
  }

  #topic(id: string): WatchedTopic {
    let topic = this.#topics.get(id);
    if (topic === undefined) {
      topic = { id, states: new Set(), intervalMs: this.#pace.minIntervalMs, dueAt: Infinity, asking: false };
      this.#topics.set(id, topic);
    }
    return topic;
  }

  #schedule(): void {
    let next = Infinity;
    for (const { dueAt, states, asking } of this.#topics.values()) {
      if (states.size > 0 && !asking && dueAt < next) next = dueAt;
    }
    if (next >= this.#timerAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = next;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, next - performance.now()));
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = null;
    this.#timerAt = Infinity;
    const now = performance.now();
    for (const topic of this.#topics.values()) {
      if (topic.states.size > 0 && !topic.asking && topic.dueAt <= now) void this.#ask(topic);
    }
    this.#schedule();
  }

  async #ask(topic: WatchedTopic): Promise<void> {
    topic.asking = true;
    let grown = false;
    try {
      grown = await this.#ends.refresh(topic.id);
    } catch {
      // Whoever reads there learns of it; as long as it lasts, the pace slows down.
    }
    topic.asking = false;
    const { minIntervalMs, maxIntervalMs } = this.#pace;
    topic.intervalMs = grown ? minIntervalMs : Math.min(maxIntervalMs, topic.intervalMs * SLOWER);
    topic.dueAt = performance.now() + Math.max(topic.intervalMs, GAP_MS * this.#topics.size);
    this.#schedule();
  }
}
