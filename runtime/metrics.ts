import { Counter, Gauge, Registry } from 'prom-client';
import { EventLoopDelay } from './event-loop-delay.ts';
import { LogHistogram } from './histogram.ts';

export { parseMetrics, type ParsedMetrics } from './parsed-metrics.ts';
export type { Counter, Gauge };

/** Counts what happens thousands of times a second: an addition each, of which the registry hears when it is read. */
export class Tally {
  #count = 0;

  inc(by = 1): void {
    this.#count += by;
  }

  /** What was counted since it was asked last. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }
}

/** One process's metrics in Prometheus' text format. Asking for a name a second time gives the same metric. */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #labels: Record<string, string>;
  readonly #histograms = new Map<string, { help: string; histogram: LogHistogram }>();
  readonly #beforeReading: (() => void)[] = [];
  readonly #eventLoopDelay = new EventLoopDelay();
  readonly #otherLoops: (() => number)[] = [];

  /** `labels` stand on every metric. */
  constructor(labels: { component: string; name: string }) {
    this.#labels = { ...labels };
    this.#registry.setDefaultLabels(this.#labels);
    this.#describeProcess();
  }

  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    const known = this.#registry.getSingleMetric<L>(name);
    if (known) return known as Counter<L>;
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  /** A counter as a Tally. */
  tally(name: string, help: string): Tally {
    const counter = this.counter(name, help);
    const tally = new Tally();
    this.onRead(() => counter.inc(tally.take()));
    return tally;
  }

  /** With `collect`, the gauge's value is asked for whenever the metrics are read. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labelNamesOrCollect: readonly L[] | (() => number) = [],
  ): Gauge<L> {
    const known = this.#registry.getSingleMetric<L>(name);
    if (known) return known as Gauge<L>;
    const labelNames = typeof labelNamesOrCollect === 'function' ? [] : labelNamesOrCollect;
    const gauge = new Gauge({ name, help, labelNames, registers: [this.#registry] });
    if (typeof labelNamesOrCollect === 'function') {
      const collect = labelNamesOrCollect;
      this.onRead(() => gauge.set(collect()));
    }
    return gauge;
  }

  /** Shown as a Prometheus histogram of the buckets that are not empty, and its maximum as the gauge `{name}_max`. */
  histogram(name: string, help: string): LogHistogram {
    const known = this.#histograms.get(name);
    if (known) return known.histogram;
    const histogram = new LogHistogram();
    this.#histograms.set(name, { help, histogram });
    return histogram;
  }

  /** Runs before each reading: the place to set gauges. */
  onRead(callback: () => void): void {
    this.#beforeReading.push(callback);
  }

  /**
   * fleetbed_event_loop_delay_p99_ms is the worst of this process's loops: its own, and those of its worker threads
   * that are given here.
   */
  addEventLoop(p99Ms: () => number): void {
    this.#otherLoops.push(p99Ms);
  }

  async text(): Promise<string> {
    for (const callback of this.#beforeReading) callback();
    const histograms = [...this.#histograms].map(([name, { help, histogram }]) =>
      histogramText(name, help, labelText(this.#labels), histogram),
    );
    return (await this.#registry.metrics()) + histograms.join('');
  }

  /** Stops the measuring of the event loop. */
  close(): void {
    this.#eventLoopDelay.stop();
  }

  #describeProcess(): void {
    const cpu = this.counter('process_cpu_seconds_total', 'CPU time of the process, user and system.');
    let countedSeconds = 0;
    this.onRead(() => {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / 1e6;
      cpu.inc(Math.max(0, seconds - countedSeconds));
      countedSeconds = seconds;
    });
    this.gauge('process_resident_memory_bytes', 'Resident memory of the process.', () =>
      process.memoryUsage.rss(),
    );
    this.gauge('process_start_time_seconds', 'Start of the process, seconds since 1970.').set(
      Math.round(Date.now() / 1000 - process.uptime()),
    );
    this.gauge(
      'fleetbed_event_loop_delay_p99_ms',
      'How late timers run: 99th percentile of the last 5 to 10 s, worst of all threads.',
      () => Math.max(this.#eventLoopDelay.p99Ms(), ...this.#otherLoops.map((loop) => loop())),
    );
  }
}

function histogramText(name: string, help: string, labels: string, histogram: LogHistogram): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const [bound, upTo] of histogram.cumulativeBuckets()) {
    if (bound !== Infinity) lines.push(`${name}_bucket{le="${bound}",${labels}} ${upTo}`);
  }
  lines.push(
    `${name}_bucket{le="+Inf",${labels}} ${histogram.count}`,
    `${name}_sum{${labels}} ${histogram.sum}`,
    `${name}_count{${labels}} ${histogram.count}`,
    `# HELP ${name}_max Largest value of ${name}.`,
    `# TYPE ${name}_max gauge`,
    `${name}_max{${labels}} ${histogram.max}`,
  );
  return `\n${lines.join('\n')}\n`;
}

function labelText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
