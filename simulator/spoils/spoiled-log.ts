import { hash } from 'node:crypto';
import { spoiledCodec, type SpoiledMessage } from '#contract/ledger-records.ts';

/** Some 350 KB: below what a Kafka message may have by default (1 MB). */
export const messagesPerRecord = 5000;

/**
 * What the ledger is to be told of spoiled messages. It has to hear of them before the marks that count them, so whoever sends
 * marks takes this first. Bounded: a full record leaves at once.
 */
export class SpoiledLog {
  readonly #shard: string;
  readonly #post: (record: Buffer) => void;
  #messages: SpoiledMessage[] = [];

  /** @param post takes a Spoiled record */
  constructor(shard: string, post: (record: Buffer) => void) {
    this.#shard = shard;
    this.#post = post;
  }

  /** @param bytes as they are sent */
  add(message: Omit<SpoiledMessage, 'hash'>, bytes: Buffer): void {
    this.#messages.push({ ...message, hash: hash('sha1', bytes, 'base64') });
    if (this.#messages.length >= messagesPerRecord) this.flush();
  }

  flush(): void {
    if (this.#messages.length === 0) return;
    const messages = this.#messages;
    this.#messages = [];
    this.#post(spoiledCodec.encode({ shard: this.#shard, at: Date.now(), messages }));
  }
}
