import { edgeStateCodec } from '#contract/records.ts';

/** From when to when an edge ran a release. Wall clock, ms since 1970; `to` is null while it still does. */
export interface ModelSpan {
  edge: string;
  release: string;
  from: number;
  to: number | null;
}

interface EdgeModel {
  connection: number;
  spans: ModelSpan[];
  refusals: Record<string, number>;
}

/** Which edge ran which release when, by the states in fleet.edges. An edge that is offline goes on running its own. */
export class EdgeModels {
  readonly #edges = new Map<string, EdgeModel>();

  /** A record of fleet.edges; what is none passes by. */
  take(value: Buffer): void {
    if (!edgeStateCodec.matches(value)) return;
    const { edge, connection, online, running, refusals, at } = edgeStateCodec.decode(value);
    let known = this.#edges.get(edge);
    if (!known) this.#edges.set(edge, (known = { connection, spans: [], refusals }));
    // A last will was written when the connection began: it knows nothing of what came after.
    if (!online || connection < known.connection) return;
    known.connection = connection;
    known.refusals = refusals;
    const open = known.spans.at(-1);
    if ((open?.to === null ? open.release : null) === running) return;
    if (open?.to === null) open.to = at;
    if (running !== null) known.spans.push({ edge, release: running, from: at, to: null });
  }

  /** When the edge first ran a model; undefined when it never did. */
  activeSince(edge: string): number | undefined {
    return this.#edges.get(edge)?.spans[0]?.from;
  }

  /** When the last of these edges first ran the release; undefined while one never has. */
  convergedAt(release: string, edges: readonly string[]): number | undefined {
    const first = edges.map((edge) => this.spansOf(edge).find((span) => span.release === release)?.from);
    if (first.length === 0 || first.some((at) => at === undefined)) return undefined;
    return Math.max(...first.map(Number));
  }

  spansOf(edge: string): readonly ModelSpan[] {
    return this.#edges.get(edge)?.spans ?? [];
  }

  /** Edges that ever ran the release. */
  edgesOf(release: string): string[] {
    return [...this.#edges.keys()].filter((edge) =>
      this.spansOf(edge).some((span) => span.release === release),
    );
  }

  /** Releases that edges would not run, by reason: what each edge said last, added up. */
  refusals(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const { refusals } of this.#edges.values()) {
      for (const [reason, count] of Object.entries(refusals)) sum[reason] = (sum[reason] ?? 0) + count;
    }
    return sum;
  }
}
