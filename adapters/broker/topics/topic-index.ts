import type { Topic } from '../topic-registry.js';
import { collisionKey, hasCollisionChars } from './topic-name.js';

/** Topics by name, by id, and by what their names collide over. */
export class TopicIndex<T extends Topic> {
  readonly #names = new Map<string, T>();
  readonly #ids = new Map<string, T>();
  /** Names with '.' or '_', by what they collide over. */
  readonly #collisions = new Map<string, Set<string>>();

  has(name: string): boolean {
    return this.#names.has(name);
  }

  byName(name: string): T | undefined {
    return this.#names.get(name);
  }

  byId(id: string): T | undefined {
    return this.#ids.get(id);
  }

  all(): Iterable<T> {
    return this.#names.values();
  }

  /** A topic whose name differs from this one only in '.' and '_'. */
  colliding(name: string): string | undefined {
    const [other] = this.#collisions.get(collisionKey(name)) ?? [];
    return other;
  }

  add(topic: T): void {
    this.#names.set(topic.name, topic);
    this.#ids.set(topic.id, topic);
    if (!hasCollisionChars(topic.name)) return;
    const key = collisionKey(topic.name);
    const names = this.#collisions.get(key);
    if (names === undefined) this.#collisions.set(key, new Set([topic.name]));
    else names.add(topic.name);
  }

  delete(topic: T): void {
    this.#ids.delete(topic.id);
    if (this.#names.get(topic.name) === topic) this.#names.delete(topic.name);
    const key = collisionKey(topic.name);
    const names = this.#collisions.get(key);
    if (names?.delete(topic.name) && names.size === 0) this.#collisions.delete(key);
  }
}
