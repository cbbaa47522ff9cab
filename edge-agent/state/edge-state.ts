import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import type { ConnectionCount } from './connection-count.ts';

/** What else the edge says of itself. */
export type EdgeFigures = Pick<
  EdgeState,
  'cars' | 'outboxFrames' | 'outboxBytes' | 'inferenceP99Us' | 'alarmsPerSecond'
>;

export interface EdgeStateOptions {
  edge: string;
  connection: ConnectionCount;
  /** Asked whenever the state is said. */
  models: () => Pick<EdgeState, 'running' | 'previous' | 'refusals'>;
  figures: () => EdgeFigures;
  /** A newer one replaces one that has not been sent yet. */
  publish: (bytes: Buffer) => void;
  intervalMs?: number;
}

const defaultIntervalMs = 5000;

/**
 * Says what the edge runs and how it fares: at every connect, at every change, and else every 5 s. As a last will it says
 * that the edge is offline, under the number of the connection that was lost.
 */
export class EdgeStatePublisher {
  readonly #options: EdgeStateOptions;
  readonly #timer: NodeJS.Timeout;
  #online = false;

  constructor(options: EdgeStateOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.changed(), options.intervalMs ?? defaultIntervalMs).unref();
  }

  /** To be asked before every CONNECT: the attempt gets its number here. What it says of releases is of that moment. */
  lastWill(): Buffer {
    this.#online = false;
    this.#options.connection.next();
    return this.#encode(false);
  }

  connected(): void {
    this.#online = true;
    this.changed();
  }

  changed(): void {
    if (!this.#online) return;
    this.#timer.refresh();
    this.#options.publish(this.#encode(true));
  }

  /** Says offline. The connection is to be closed next. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#online) this.#options.publish(this.#encode(false));
    this.#online = false;
    this.#options.connection.close();
  }

  #encode(online: boolean): Buffer {
    const { edge, connection, models, figures } = this.#options;
    const { running, previous, refusals } = models();
    return edgeStateCodec.encode({
      ...figures(),
      edge,
      connection: connection.current,
      online,
      running,
      previous,
      shadow: null,
      refusals: { ...refusals },
      at: Date.now(),
    });
  }
}
