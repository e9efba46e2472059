import type { Connection } from './connection.js';

/** Tracks the connections of a listener and waits until they have ended. */
export class ConnectionSet {
  readonly #open = new Set<Connection>();
  /** Number of connections whose handlers or hooks have not finished, including closed ones. */
  #present = 0;
  #onChange: (() => void) | null = null;

  /** Number of connections with open sockets. */
  get size(): number {
    return this.#open.size;
  }

  /** Number of closed connections whose handlers or hooks have not finished. */
  get leftovers(): number {
    return this.#present - this.#open.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  /** Called before the handler of a new connection is created. */
  enter(): void {
    this.#present++;
  }

  /** Called when the handlers and hooks of a connection have finished. */
  leave(): void {
    this.#present--;
    this.#onChange?.();
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  /** Called when the socket of a connection has closed. */
  delete(connection: Connection): void {
    this.#open.delete(connection);
    this.#onChange?.();
  }

  /**
   * Resolves to true when no connection is left, or to false at the limit, which is a time in milliseconds or a signal.
   * Supports one waiting caller at a time.
   *
   * @param of - `sockets` waits for open sockets. `all` also waits for the handlers and hooks of closed connections.
   */
  empty(limit: number | AbortSignal, of: 'sockets' | 'all'): Promise<boolean> {
    const isEmpty = (): boolean => this.#open.size === 0 && (of === 'sockets' || this.#present === 0);
    if (isEmpty()) return Promise.resolve(true);
    const signal = typeof limit === 'number' ? null : limit;
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', settle);
        this.#onChange = null;
        resolve(isEmpty());
      };
      const timer = typeof limit === 'number' ? setTimeout(settle, limit) : undefined;
      signal?.addEventListener('abort', settle);
      this.#onChange = () => {
        if (isEmpty()) settle();
      };
    });
  }
}
