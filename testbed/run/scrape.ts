import { LogHistogram } from '#runtime/histogram.ts';
import { parseMetrics, type ParsedMetrics } from '#runtime/metrics.ts';

export interface ScrapeTarget {
  name: string;
  healthPort: number;
  /** Counts the process's starts. */
  life(): number;
  isUp(): boolean;
}

const scrapeTimeoutMs = 900;

/**
 * Reads every component's /metrics, and adds up counters and histograms over all lives of a process: what a killed
 * process counted up to its last scrape stays counted.
 */
export class Scraper {
  readonly #targets: readonly ScrapeTarget[];
  readonly #latest = new Map<string, { life: number; metrics: ParsedMetrics }>();
  readonly #ended: ParsedMetrics[] = [];

  constructor(targets: readonly ScrapeTarget[]) {
    this.#targets = targets;
  }

  async scrape(): Promise<void> {
    await Promise.all(this.#targets.filter((target) => target.isUp()).map((target) => this.#read(target)));
  }

  /** Sum of a counter over all processes and lives. */
  counter(name: string, labels?: Record<string, string>): number {
    return this.#all().reduce((sum, metrics) => sum + metrics.value(name, labels), 0);
  }

  /** The same by the values of one label. */
  counters(name: string, label: string): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const metrics of this.#all()) {
      for (const [value, count] of metrics.byLabel(name, label)) sums[value] = (sums[value] ?? 0) + count;
    }
    return sums;
  }

  /** Sum of a gauge over the processes that are up; their last known value while they do not answer. */
  gauge(name: string): number {
    return this.#current().reduce((sum, metrics) => sum + metrics.value(name), 0);
  }

  /** Largest value that a process shows now. */
  gaugeMax(name: string): number {
    return this.#current().reduce((max, metrics) => Math.max(max, metrics.value(name)), 0);
  }

  /** Largest value of a gauge in any process and life, as far as it was scraped. */
  gaugePeak(name: string, labels?: Record<string, string>): number {
    return this.#all().reduce((max, metrics) => Math.max(max, metrics.value(name, labels)), 0);
  }

  /** A gauge of one process; undefined while it is down or silent. */
  gaugeOf(process: string, name: string): number | undefined {
    return this.#latest.get(process)?.metrics.value(name);
  }

  histogram(name: string): LogHistogram {
    const merged = new LogHistogram();
    for (const metrics of this.#all()) merged.merge(metrics.histogram(name));
    return merged;
  }

  #all(): ParsedMetrics[] {
    return [...this.#ended, ...[...this.#latest.values()].map(({ metrics }) => metrics)];
  }

  #current(): ParsedMetrics[] {
    return this.#targets.flatMap((target) => {
      const latest = this.#latest.get(target.name);
      return latest && target.isUp() ? [latest.metrics] : [];
    });
  }

  async #read(target: ScrapeTarget): Promise<void> {
    const life = target.life();
    let metrics: ParsedMetrics;
    try {
      const response = await fetch(`http://127.0.0.1:${target.healthPort}/metrics`, {
        signal: AbortSignal.timeout(scrapeTimeoutMs),
      });
      metrics = parseMetrics(await response.text());
    } catch {
      // It was killed just now, or is too busy to answer: what it said last stays.
      return;
    }
    const before = this.#latest.get(target.name);
    if (before && before.life !== life) this.#ended.push(before.metrics);
    this.#latest.set(target.name, { life, metrics });
  }
}
