import type { Connection } from './connection.js';

/** The connections of a listener, and the wait for their end. */
export class ConnectionSet {
  readonly #open = new Set<Connection>();
  /** Connections whose handlers or hooks are not done, the closed ones among them. */
  #present = 0;
  #onChange: (() => void) | null = null;

  /** Connections whose sockets are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Closed connections whose handlers or hooks are not done. */
  get leftovers(): number {
    return this.#present - this.#open.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  /** A handler is about to be made for a new connection. */
  enter(): void {
    this.#present++;
  }

  /** The handler and the hooks of a connection are done. */
  leave(): void {
    this.#present--;
    this.#onChange?.();
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  /** The connection's socket is closed. */
  delete(connection: Connection): void {
    this.#open.delete(connection);
    this.#onChange?.();
  }

  /**
   * Settles with true when no connection is left, or with false at the limit: milliseconds, or a signal that aborts.
   * One at a time may wait.
   *
   * @param of - `sockets`: what is open. `all`: handlers and hooks of those that are closed as well.
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
