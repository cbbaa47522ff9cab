/** What a fault can do to a link. */
export interface Breakable {
  /** Ends every connection with a reset and takes no new one until it is opened again. */
  cut(): Promise<void>;
  /** Heals a cut link. */
  open(): Promise<void>;
  /** Ends every connection with a reset; new ones are taken at once. */
  reset(): void;
  /** Every byte is late, in both directions. @param jitterMs the latency is this much more or less */
  slow(latencyMs: number, jitterMs: number): void;
  /** In each direction, all connections together. */
  limit(bytesPerSecond: number): void;
  /** Neither slow nor limited any more. */
  clear(): void;
}

/** One or more links that a fault breaks alike, such as an edge's to all bridges. A limit is that of each. */
export class JointLink implements Breakable {
  readonly #links: readonly Breakable[];

  constructor(links: readonly Breakable[]) {
    this.#links = links;
  }

  async cut(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.cut()));
  }

  async open(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.open()));
  }

  reset(): void {
    for (const link of this.#links) link.reset();
  }

  slow(latencyMs: number, jitterMs: number): void {
    for (const link of this.#links) link.slow(latencyMs, jitterMs);
  }

  limit(bytesPerSecond: number): void {
    for (const link of this.#links) link.limit(bytesPerSecond);
  }

  clear(): void {
    for (const link of this.#links) link.clear();
  }
}
