import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '#runtime/log.ts';
import type { BridgeMetrics } from './bridge-metrics.ts';
import type { Door } from './door.ts';
import type { Outages } from './outages.ts';

export interface HandOverOptions {
  /** How long frames wait without one of them getting into Kafka; undefined: for ever. */
  afterMs: number | undefined;
  edges: Pick<Door, 'pendingBytes' | 'settledFrames' | 'turnAway' | 'takeAgain'>;
  outages: Outages;
  /** @throws Error when Kafka does not answer */
  askKafka(): Promise<void>;
  metrics: BridgeMetrics;
  log: Log;
}

/** Where every bridge is without Kafka, edges would go round in circles: patience doubles up to so many times afterMs. */
const mostPatience = 8;
const lookMs = { min: 20, max: 500 };
const askAgainMs = 500;
const words = 'Kafka takes no frames: its edges are sent to other bridges';

/**
 * A bridge that has no Kafka, or none that takes anything, would keep its edges for as long as it lives: it sends them away,
 * to whichever bridge they try next, and takes nobody until Kafka answers again.
 */
export class HandOver {
  readonly #options: HandOverOptions;
  readonly #everyMs: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #stopping = new AbortController();
  #patienceMs: number;
  #settled = 0;
  /** How long frames have been waiting, counted in looks: a process that stood still has not waited. */
  #waitedMs = 0;
  #isAway = false;

  constructor(options: HandOverOptions) {
    this.#options = options;
    const afterMs = options.afterMs ?? 0;
    this.#patienceMs = afterMs;
    this.#everyMs = Math.min(lookMs.max, Math.max(lookMs.min, afterMs / 10));
    if (options.afterMs !== undefined) this.#timer = setInterval(() => this.#look(), this.#everyMs).unref();
  }

  /** Sends nobody away any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stopping.abort();
  }

  #look(): void {
    const { edges, afterMs = 0 } = this.#options;
    // Those too who were coming in at that moment.
    if (this.#isAway) return edges.turnAway(words);
    const hasMoved = edges.settledFrames > this.#settled;
    this.#settled = edges.settledFrames;
    if (hasMoved) this.#patienceMs = afterMs;
    this.#waitedMs = hasMoved || edges.pendingBytes === 0 ? 0 : this.#waitedMs + this.#everyMs;
    if (this.#waitedMs < this.#patienceMs) return undefined;
    this.#isAway = true;
    this.#waitedMs = 0;
    this.#patienceMs = Math.min(2 * this.#patienceMs, mostPatience * afterMs);
    return void this.#sendAway();
  }

  async #sendAway(): Promise<void> {
    const { edges, outages, metrics, log } = this.#options;
    const { signal } = this.#stopping;
    log.warn({ bytes: edges.pendingBytes }, words);
    metrics.handedOver.inc();
    outages.refused(this, words);
    edges.turnAway(words);
    while (!signal.aborted && !(await this.#kafkaAnswers())) {
      // Interrupted by the end: then nobody is taken again.
      await delay(askAgainMs * (1 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return;
    log.info('Kafka answers again: takes edges');
    this.#isAway = false;
    edges.takeAgain();
    outages.over(this);
  }

  async #kafkaAnswers(): Promise<boolean> {
    try {
      await this.#options.askKafka();
      return true;
    } catch {
      return false;
    }
  }
}
