interface Entry<V> {
  key: string;
  value: V;
  before: Entry<V> | undefined;
  after: Entry<V> | undefined;
}

/**
 * A map that knows in which order its keys were used last. A Map whose key is deleted and set again at each use knows it, too,
 * but writes a new entry each time and moves them all again and again.
 */
export class RecentlyUsed<V> {
  readonly #entries = new Map<string, Entry<V>>();
  #oldest: Entry<V> | undefined;
  #newest: Entry<V> | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** From now on the key is the one that was used last. */
  use(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== this.#newest) {
      this.#takeOut(entry);
      this.#append(entry);
    }
    return entry.value;
  }

  /** A key that is not there yet. @returns the value */
  add(key: string, value: V): V {
    const entry: Entry<V> = { key, value, before: undefined, after: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
    return value;
  }

  /** Forgets the key that was used longest ago. */
  takeOldest(): { key: string; value: V } | undefined {
    const oldest = this.#oldest;
    if (oldest) {
      this.#takeOut(oldest);
      this.#entries.delete(oldest.key);
    }
    return oldest;
  }

  /** From the one that was used longest ago. */
  *[Symbol.iterator](): Generator<[key: string, value: V]> {
    for (let entry = this.#oldest; entry; entry = entry.after) yield [entry.key, entry.value];
  }

  #append(entry: Entry<V>): void {
    entry.before = this.#newest;
    if (this.#newest) this.#newest.after = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #takeOut(entry: Entry<V>): void {
    const { before, after } = entry;
    if (before) before.after = after;
    else this.#oldest = after;
    if (after) after.before = before;
    else this.#newest = before;
    entry.before = entry.after = undefined;
  }
}
