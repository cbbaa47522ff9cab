import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { bridgeClientId, bridgeSessionId } from '#contract/identity.ts';
import { UserError } from '#runtime/errors.ts';
import { MqttClient, type CloseReason, type MqttClientOptions } from '#wire/mqtt-client.ts';
import type { Scraper } from './scrape.ts';

/** How the user's own MQTT broker is reached, where edges and bridges of a run meet. */
export interface MqttTarget {
  host: string;
  port: number;
  /** `ca`: a file. */
  tls?: { ca?: string };
  username?: string;
  password?: string;
}

const connectTimeoutMs = 5000;
const clearTimeoutMs = 5000;
/** No more is retained, or comes, when nothing has come for so long. */
const stillMs = 1000;
const lookMs = 20;
const nothing = Buffer.alloc(0);

/** The user's broker during one run, which has a part of the topics for itself and leaves nothing behind there. */
export class GivenBroker {
  readonly target: MqttTarget;
  readonly topicPrefix: string;
  readonly #run: string;
  readonly #client: Omit<MqttClientOptions, 'clientId'>;
  #isClean = false;

  private constructor(target: MqttTarget, run: string, ca: Buffer | undefined) {
    const { tls, ...account } = target;
    this.target = target;
    this.topicPrefix = `fleetbed/${run}/`;
    this.#run = run;
    this.#client = {
      ...account,
      ...(tls && { tls: ca === undefined ? {} : { ca } }),
      keepAliveSeconds: 10,
      connectTimeoutMs,
      inFlightLimit: 100,
      reconnect: { minMs: 100, maxMs: 1000 },
    };
  }

  /** @throws UserError when it cannot be reached, or refuses */
  static async open(target: MqttTarget, run: string): Promise<GivenBroker> {
    const ca = target.tls?.ca === undefined ? undefined : await readFile(target.tls.ca);
    const broker = new GivenBroker(target, run, ca);
    const reason = await broker.#visit(bridgeClientId(run, 'testbed'));
    if (reason === null) return broker;
    const place = `the MQTT broker at ${target.host}:${target.port}`;
    const words = reason.startsWith('refused') ? 'does not take fleetbed' : 'cannot be reached';
    throw new UserError('component', `${place} ${words}: ${reason}`);
  }

  /**
   * Removes what the broker would keep for ever: the edges' sessions, and what was retained. Once.
   * @returns what a person should know, in words: what could not be removed
   */
  async clean(edges: readonly string[]): Promise<string[]> {
    if (this.#isClean) return [];
    this.#isClean = true;
    // A clean session of the same name ends the one that was kept.
    const sessions = edges.map((edge) => bridgeSessionId(this.#run, edge));
    const reasons = await Promise.all([
      ...sessions.map(async (id) => this.#visit(id)),
      this.#visit(bridgeClientId(this.#run, 'testbed'), clear(`${this.topicPrefix}#`)),
    ]);
    const reason = reasons.find((one) => one !== null);
    if (reason === undefined) return [];
    const left = `the sessions ${bridgeSessionId(this.#run, '…')} and what is retained below ${this.topicPrefix}`;
    return [`the MQTT broker may keep ${left} (${reason}): remove them there`];
  }

  /** Connects, does something, says goodbye. @returns null, or why there was no connection */
  async #visit(clientId: string, work?: Work): Promise<CloseReason | null> {
    const retained = new Set<string>();
    const connected = Promise.withResolvers<CloseReason | null>();
    const client = new MqttClient<() => void>(
      { ...this.#client, clientId },
      {
        onConnect: () => connected.resolve(null),
        onClose: (_, reason) => connected.resolve(reason),
        onAck: (_, done) => done(),
        onMessage: (_, topic, payload) => void (payload.length > 0 && retained.add(topic)),
      },
    );
    client.connect();
    const refused = await connected.promise;
    const isDone = refused === null && ((await work?.(client, retained)) ?? true);
    await client.end();
    return isDone ? null : (refused ?? 'timeout');
  }
}

/** What is done while connected. @returns was it done in time? */
type Work = (client: MqttClient<() => void>, retained: ReadonlySet<string>) => Promise<boolean>;

/** Finds what is retained, and takes it away. */
function clear(filter: string): Work {
  return async (client, retained) => {
    client.subscribe(filter, 0);
    for (let before = -1; before < retained.size;) {
      before = retained.size;
      await delay(stillMs);
    }
    const until = performance.now() + clearTimeoutMs;
    const left = new Set(retained);
    for (const topic of retained) {
      const gone = (): void => void left.delete(topic);
      while (performance.now() < until && !client.publish(topic, nothing, 1, gone, true)) await delay(lookMs);
    }
    while (performance.now() < until && left.size > 0) await delay(lookMs);
    return left.size === 0;
  };
}

/**
 * Nobody tells how much a broker still keeps for bridges: nothing, when every edge has a bridge, no bridge holds a frame, and
 * none has come for a while.
 */
export class BrokerStillness {
  readonly #scraper: Pick<Scraper, 'gauge' | 'counter'>;
  readonly #edges: number;
  #frames = -1;
  #since = performance.now();

  constructor(scraper: Pick<Scraper, 'gauge' | 'counter'>, edges: number) {
    this.#scraper = scraper;
    this.#edges = edges;
  }

  /** By the latest scrape. */
  get isStill(): boolean {
    const scraper = this.#scraper;
    const frames =
      scraper.counter('fleetbed_bridge_frames_total') +
      scraper.counter('fleetbed_bridge_frames_skipped_total');
    const isServed = scraper.gauge('fleetbed_bridge_edges') >= this.#edges;
    const isMoving =
      frames !== this.#frames || !isServed || scraper.gauge('fleetbed_bridge_pending_bytes') > 0;
    this.#frames = frames;
    if (isMoving) this.#since = performance.now();
    return performance.now() - this.#since >= stillMs;
  }
}
