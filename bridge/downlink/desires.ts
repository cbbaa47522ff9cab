import { edgeTopics } from '#contract/mqtt-topics.ts';
import { decodeDesired } from '#contract/release.ts';
import { inWords } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';
import type { BridgeMetrics } from '../bridge-metrics.ts';

export interface DesiresOptions {
  /** Publishes retained, and resolves when present subscribers have it. No bytes: clears. */
  retain(topic: string, payload: Buffer): Promise<void>;
  /** Can edges fetch the release? */
  isOut(release: string): boolean;
  /** May this bridge tell the edge now? Where several bridges retain at one broker, one of them speaks to an edge. */
  mayTell(edge: string): boolean;
  metrics: BridgeMetrics;
  log: Log;
}

interface Desire {
  wanted: { release: string; payload: Buffer } | null;
  /** The release that is retained as desired; an older one while the wanted one is not out. */
  told: string | null;
}

const nothing = Buffer.alloc(0);

/** Which release each edge should run, told to it once that release can be fetched. Calls come one after the other. */
export class Desires {
  readonly #options: DesiresOptions;
  readonly #byEdge = new Map<string, Desire>();

  constructor(options: DesiresOptions) {
    this.#options = options;
  }

  /** Edges whose desired release is not out. */
  get heldBack(): number {
    let count = 0;
    for (const { wanted, told } of this.#byEdge.values()) {
      if (wanted !== null && wanted.release !== told) count++;
    }
    return count;
  }

  isDesired(release: string): boolean {
    for (const { wanted } of this.#byEdge.values()) if (wanted?.release === release) return true;
    return false;
  }

  /** One record of fleet.desired; null is a tombstone. */
  async take(edge: string, payload: Buffer | null): Promise<void> {
    const { metrics, log } = this.#options;
    const desire = this.#byEdge.get(edge) ?? { wanted: null, told: null };
    try {
      const decoded = decodeDesired(payload);
      desire.wanted = decoded && payload && { release: decoded.release, payload };
    } catch (error) {
      metrics.downlinkRefused.inc({ reason: 'bad-desired' });
      log.warn({ edge, reason: inWords(error) }, 'a record of fleet.desired is none of ours: passed over');
      return;
    }
    this.#byEdge.set(edge, desire);
    if (desire.wanted === null) {
      await this.#clear(edge, desire);
      this.#byEdge.delete(edge);
    } else await this.#tell(edge, desire);
  }

  /** The release can be fetched from now on. */
  async releaseOut(release: string): Promise<void> {
    for (const [edge, desire] of this.#byEdge) {
      if (desire.wanted?.release === release) await this.#tell(edge, desire);
    }
  }

  /** The release cannot be fetched any more. */
  async releaseWithdrawn(release: string): Promise<void> {
    for (const [edge, desire] of this.#byEdge) {
      if (desire.told === release) await this.#clear(edge, desire);
    }
  }

  /** From now on it may be told here: what stands there may be older. */
  async repeat(edge: string): Promise<void> {
    const desire = this.#byEdge.get(edge);
    if (desire === undefined) return;
    const { wanted, told } = desire;
    if (told === null) await this.#retain(edge, nothing);
    else if (wanted?.release === told) await this.#retain(edge, wanted.payload);
  }

  async #tell(edge: string, desire: Desire): Promise<void> {
    const { wanted } = desire;
    if (wanted === null || wanted.release === desire.told || !this.#options.isOut(wanted.release)) return;
    desire.told = wanted.release;
    await this.#retain(edge, wanted.payload);
  }

  async #clear(edge: string, desire: Desire): Promise<void> {
    if (desire.told === null) return;
    desire.told = null;
    await this.#retain(edge, nothing);
  }

  async #retain(edge: string, payload: Buffer): Promise<void> {
    if (this.#options.mayTell(edge)) await this.#options.retain(edgeTopics.desired(edge), payload);
  }
}
