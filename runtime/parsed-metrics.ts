import { LogHistogram } from './histogram.ts';

interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** What a process's /metrics said. */
export class ParsedMetrics {
  readonly #samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(samples: ReadonlyMap<string, readonly Sample[]>) {
    this.#samples = samples;
  }

  has(name: string): boolean {
    return this.#samples.has(name);
  }

  /** Sum over every label set that has these labels; 0 where there is none. */
  value(name: string, labels: Record<string, string> = {}): number {
    let sum = 0;
    for (const sample of this.#matching(name, labels)) sum += sample.value;
    return sum;
  }

  /** Sums by the values of one label: how many refusals for each reason. */
  byLabel(name: string, label: string): Map<string, number> {
    const sums = new Map<string, number>();
    for (const sample of this.#matching(name, {})) {
      const value = sample.labels[label];
      if (value !== undefined) sums.set(value, (sums.get(value) ?? 0) + sample.value);
    }
    return sums;
  }

  /** A histogram that Metrics wrote; an empty one where there is none. @throws RangeError for foreign buckets */
  histogram(name: string): LogHistogram {
    const merged = new LogHistogram();
    const series = Map.groupBy(this.#matching(`${name}_bucket`, {}), ({ labels }) => keyWithoutBound(labels));
    for (const buckets of series.values()) {
      const { le: _, ...labels } = buckets[0]?.labels ?? {};
      const cumulative = buckets.map(
        (bucket) => [parseValue(bucket.labels['le'] ?? ''), bucket.value] as const,
      );
      cumulative.sort(([a], [b]) => a - b);
      merged.merge(
        LogHistogram.fromBuckets(
          cumulative,
          this.value(`${name}_sum`, labels),
          this.value(`${name}_max`, labels),
        ),
      );
    }
    return merged;
  }

  #matching(name: string, labels: Record<string, string>): Sample[] {
    const wanted = Object.entries(labels);
    return (this.#samples.get(name) ?? []).filter((sample) =>
      wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }
}

/** Reads Prometheus' text format (0.0.4). @throws SyntaxError naming the line */
export function parseMetrics(text: string): ParsedMetrics {
  const samples = new Map<string, Sample[]>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const parts = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?\s*$/.exec(line);
    const [, name, labelText, valueText] = parts ?? [];
    const value = parseValue(valueText ?? '');
    if (name === undefined || (Number.isNaN(value) && valueText !== 'NaN')) {
      throw new SyntaxError(`metrics line ${index + 1} cannot be read: ${line.slice(0, 200)}`);
    }
    const sample = { labels: parseLabels(labelText ?? ''), value };
    const known = samples.get(name);
    if (known) known.push(sample);
    else samples.set(name, [sample]);
  }
  return new ParsedMetrics(samples);
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    if (name !== undefined && value !== undefined) labels[name] = unescapeLabel(value);
  }
  return labels;
}

function unescapeLabel(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

function parseValue(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return text === '' ? Number.NaN : Number(text);
}

function keyWithoutBound(labels: Record<string, string>): string {
  return JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== 'le')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
