import type { Counter, Metrics } from './metrics.ts';

export interface BoundedQueueOptions<T> {
  /** Label `queue` of its metrics. */
  name: string;
  limitBytes: number;
  limitItems?: number;
  sizeOf: (item: T) => number;
  /** When it is full: refuse what comes (the sender waits), or drop and count what is oldest. */
  policy: 'push-back' | 'drop-oldest';
  metrics?: Metrics;
}

/**
 * First in, first out, within limits of bytes and items. Metrics: fleetbed_queue_bytes, fleetbed_queue_items,
 * fleetbed_queue_limit_bytes and fleetbed_queue_dropped_total, by queue.
 */
export class BoundedQueue<T> {
  readonly #options: BoundedQueueOptions<T>;
  readonly #limitItems: number;
  #items: T[] = [];
  /** Index of the oldest; what lies before it was taken. */
  #head = 0;
  #bytes = 0;
  #dropped = 0;
  #waiting: (() => void)[] = [];
  readonly #droppedTotal: Counter<'queue'> | undefined;

  constructor(options: BoundedQueueOptions<T>) {
    this.#options = options;
    this.#limitItems = options.limitItems ?? Infinity;
    this.#droppedTotal = options.metrics && this.#show(options.metrics);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The oldest item, which stays. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Items that the policy dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * False: not taken. With push-back the queue is full (wait for room and offer again); with drop-oldest the item
   * alone is larger than the limit, and counts as dropped.
   * @throws RangeError with push-back when the item alone is larger than the limit: it would never fit
   */
  offer(item: T): boolean {
    const { limitBytes, name, policy, sizeOf } = this.#options;
    const size = sizeOf(item);
    if (size > limitBytes) {
      if (policy === 'push-back')
        throw new RangeError(`${size} bytes never fit in queue ${name} (${limitBytes})`);
      this.#countDropped();
      return false;
    }
    while (this.#bytes + size > limitBytes || this.length >= this.#limitItems) {
      if (policy === 'push-back') return false;
      this.#shift();
      this.#countDropped();
    }
    this.#items.push(item);
    this.#bytes += size;
    return true;
  }

  /** The oldest items, up to both limits; at least one when there is any, so that none can block the queue. */
  take(maxItems = Infinity, maxBytes = Infinity): T[] {
    const taken: T[] = [];
    const before = this.#bytes;
    while (this.length > 0 && taken.length < maxItems) {
      const next = this.#items[this.#head] as T;
      if (taken.length > 0 && before - this.#bytes + this.#options.sizeOf(next) > maxBytes) break;
      taken.push(this.#shift());
    }
    this.#tellRoom();
    return taken;
  }

  /** Calls back once, when half of the limits is free again; at once if it is now. */
  onRoom(callback: () => void): void {
    this.#waiting.push(callback);
    this.#tellRoom();
  }

  /** The promise form of onRoom. */
  waitForRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.onRoom(resolve);
    });
  }

  #shift(): T {
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined as T;
    this.#head += 1;
    this.#bytes -= this.#options.sizeOf(item);
    // Moving the rest down only when half is empty keeps the cost of each item constant.
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    }
    return item;
  }

  #tellRoom(): void {
    if (this.#waiting.length === 0) return;
    if (this.#bytes > this.#options.limitBytes / 2 || this.length > this.#limitItems / 2) return;
    const callbacks = this.#waiting;
    this.#waiting = [];
    for (const callback of callbacks) callback();
  }

  #countDropped(): void {
    this.#dropped += 1;
    this.#droppedTotal?.inc({ queue: this.#options.name });
  }

  #show(metrics: Metrics): Counter<'queue'> {
    const queue = this.#options.name;
    const bytes = metrics.gauge('fleetbed_queue_bytes', 'Bytes that wait in the queue.', ['queue']);
    const items = metrics.gauge('fleetbed_queue_items', 'Items that wait in the queue.', ['queue']);
    const limit = metrics.gauge('fleetbed_queue_limit_bytes', 'Most bytes that may wait.', ['queue']);
    limit.set({ queue }, this.#options.limitBytes);
    metrics.onRead(() => {
      bytes.set({ queue }, this.#bytes);
      items.set({ queue }, this.length);
    });
    const dropped = metrics.counter('fleetbed_queue_dropped_total', 'Items dropped at the limit.', ['queue']);
    dropped.inc({ queue }, 0);
    return dropped;
  }
}
