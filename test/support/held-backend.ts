import { type Backend, createStubBackend, KafkaError, type RequestContext } from 'iggy-gateway-kafka';
import { vi } from 'vitest';

/** A request that waits for the test. */
export interface Held {
  readonly context: RequestContext;
  /** Answers as the stub would. */
  answer(): void;
  fail(error: unknown): void;
}

export interface HeldBackend {
  readonly backend: Backend;
  /** Metadata requests that wait, in their order; those that the test has settled are taken out. */
  readonly held: Held[];
  /** Waits until so many requests are held. */
  holds(count: number): Promise<readonly Held[]>;
  /** Answers all that wait, and from now on at once. */
  open(): void;
}

/** The stub, with Metadata requests that are answered when the test says so; its other APIs answer at once. */
export function createHeldBackend(): HeldBackend {
  const stub = createStubBackend();
  const held: Held[] = [];
  let isOpen = false;
  return {
    held,
    backend: {
      ...stub,
      name: 'held',
      metadata: (request, context) => {
        const answer = stub.metadata(request, context as RequestContext<undefined>);
        if (isOpen) return answer;
        return new Promise((resolve, reject) => {
          const entry: Held = {
            context,
            answer() {
              held.splice(held.indexOf(entry), 1);
              resolve(answer);
            },
            fail(error) {
              held.splice(held.indexOf(entry), 1);
              reject(error instanceof Error ? error : new KafkaError(Number(error)));
            },
          };
          held.push(entry);
        });
      },
    },
    async holds(count) {
      await vi.waitUntil(() => held.length >= count, { timeout: 10_000 });
      return [...held];
    },
    open() {
      isOpen = true;
      for (const entry of [...held]) entry.answer();
    },
  };
}
