import { UserError } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import { MqttClient, type CloseReason, type MqttClientOptions } from '#wire/mqtt-client.ts';

export interface BrokerLineOptions {
  client: MqttClientOptions;
  /** Before every topic. */
  topicPrefix: string;
  /** Subscribed to at every connection. */
  filters: readonly string[];
  /** The broker answers a subscription; what is retained there comes about now. */
  onSubscribed(filter: string, granted: boolean): void;
  onMessage(topic: string, payload: Buffer): void;
  /** Connected, for the first time or again: what was retained may be gone. */
  onConnect(): void;
  onLost(reason: CloseReason): void;
  log: Log;
}

/** What no further attempt mends. */
const hopeless = new Set<CloseReason>([
  'refused:bad-credentials',
  'refused:not-authorized',
  'refused:client-id',
  'refused:protocol-version',
  'tls',
  'malformed',
]);

/** A bridge's own connection to the user's broker, beside those of its edges: it watches who has which edge, and retains. */
export class BrokerLine {
  readonly #options: BrokerLineOptions;
  readonly #client: MqttClient<() => void>;
  /** Not acknowledged yet. */
  readonly #unfinished = new Set<() => void>();
  readonly #opened = Promise.withResolvers<void>();
  #writable: (() => void)[] = [];
  #lastClose: CloseReason | undefined;
  #hasOpened = false;
  #closed = false;

  private constructor(options: BrokerLineOptions, broker: string) {
    this.#options = options;
    this.#client = new MqttClient<() => void>(options.client, {
      onConnect: () => this.#connected(),
      onClose: (_, reason) => this.#lost(reason, broker),
      onAck: (_, done) => done(),
      onWritable: () => this.#wake(),
      onMessage: (_, topic, payload) => options.onMessage(this.#own(topic), payload),
      onSubscribed: (_, filter, granted) => options.onSubscribed(this.#own(filter), granted),
    });
    for (const filter of options.filters) this.#client.subscribe(options.topicPrefix + filter, 1);
  }

  /** @throws UserError when the broker cannot be reached in time, or refuses */
  static async open(options: BrokerLineOptions, waitMs: number): Promise<BrokerLine> {
    const { host, port } = options.client;
    const broker = `the MQTT broker at ${host}:${port}`;
    const line = new BrokerLine(options, broker);
    const timer = setTimeout(() => {
      const why = line.#lastClose === undefined ? 'no answer' : line.#lastClose;
      line.#opened.reject(new UserError('component', `${broker} cannot be reached in ${waitMs} ms: ${why}`));
    }, waitMs);
    try {
      line.#client.connect();
      await line.#opened.promise;
    } catch (error) {
      await line.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return line;
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** Resolves when the broker has it; after close() it resolves without. */
  async retain(topic: string, payload: Buffer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      this.#unfinished.delete(done);
      resolve();
    };
    this.#unfinished.add(done);
    while (
      !this.#closed &&
      !this.#client.publish(this.#options.topicPrefix + topic, payload, 1, done, true)
    ) {
      await new Promise<void>((wake) => this.#writable.push(wake));
    }
    if (this.#closed) done();
    await promise;
  }

  /** What is being retained is given up. */
  stopRetaining(): void {
    this.#closed = true;
    this.#wake();
    for (const done of this.#unfinished) done();
  }

  async close(): Promise<void> {
    this.stopRetaining();
    await this.#client.end();
  }

  #connected(): void {
    this.#hasOpened = true;
    this.#lastClose = undefined;
    this.#opened.resolve();
    this.#wake();
    this.#options.onConnect();
  }

  #lost(reason: CloseReason, broker: string): void {
    if (reason === 'closed') return;
    if (reason !== this.#lastClose) {
      this.#options.log.warn({ reason }, 'not connected to the MQTT broker');
    }
    this.#lastClose = reason;
    if (this.#hasOpened) this.#options.onLost(reason);
    else if (hopeless.has(reason)) {
      const words = `${broker} does not take this bridge: ${reason}`;
      this.#opened.reject(new UserError('component', words));
    }
  }

  #wake(): void {
    for (const wake of this.#writable.splice(0)) wake();
  }

  #own(topic: string): string {
    return topic.slice(this.#options.topicPrefix.length);
  }
}
