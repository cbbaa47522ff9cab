/** What stands in a chain, and in one only. */
export interface Linked<T> {
  next: T | undefined;
}

/**
 * First in, first out, without an array: one that is emptied gives its room back, and where most connections wait for one message
 * at a time that would be an array a message.
 */
export class Chain<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** @param item whose `next` is undefined */
  push(item: T): void {
    if (this.#last) this.#last.next = item;
    else this.#first = item;
    this.#last = item;
  }

  shift(): void {
    const first = this.#first;
    if (first) this.#cut(undefined, first);
  }

  /** Takes the first out for which `isMeant` says so. @returns whether there was one */
  remove(isMeant: (item: T) => boolean): boolean {
    let before: T | undefined;
    for (let item = this.#first; item; item = item.next) {
      if (isMeant(item)) {
        this.#cut(before, item);
        return true;
      }
      before = item;
    }
    return false;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let item = this.#first; item; item = item.next) yield item;
  }

  #cut(before: T | undefined, item: T): void {
    if (before) before.next = item.next;
    else this.#first = item.next;
    if (this.#last === item) this.#last = before;
  }
}
