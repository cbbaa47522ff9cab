import { seconds, timeTick } from '../figures.ts';
import { faultOutcome, type Fault } from '../wording.ts';
import { html, raw, type Html } from './html.ts';
import { linearScale, logScale, spanScale, timeScale, type Scale } from './scale.ts';

export interface Series {
  name: string;
  /** Colour and weight, as a class of the style sheet. */
  look:
    | 'live'
    | 'live-mid'
    | 'backfill'
    | 'backfill-mid'
    | 'stored'
    | 'sent'
    | 'acked'
    | 'waiting'
    | 'level'
    | 'alarm';
  /** An area stands on the axis; dots are for what comes in bursts, where a line alone would hardly be seen. */
  shape: 'line' | 'area' | 'dots';
  /** One for each time; null leaves a gap. */
  values: readonly (number | null)[];
}

/** The space between two series, by their index, is tinted. */
export interface Band {
  from: number;
  to: number;
  look: 'live' | 'backfill';
  /** Each second has its own bar as well. */
  whiskers: boolean;
}

/** A moment that is marked by a line from top to bottom. */
export interface Mark {
  at: number;
  label: string;
  look: 'onset' | 'detectable' | 'raised' | 'failure';
}

export interface ChartSpec {
  id: string;
  title: string;
  /** Half a sentence that says how to read it. */
  note: string;
  /** Seconds since the schedule's zero. */
  times: readonly number[];
  /** Where the time axis ends, in seconds. */
  end: number;
  series: readonly Series[];
  bands?: readonly Band[];
  /** `span` does not begin at zero. */
  scale: 'linear' | 'span' | 'log';
  marks?: readonly Mark[];
  /** A value that matters, as a line from left to right. */
  limit?: number;
  /** Where the time axis begins, in seconds; 0 unless set. */
  begin?: number;
  format: (value: number) => string;
  /** Labels of the value axis, where they are written otherwise. */
  formatTick?: (value: number) => string;
  /** Half as wide as the others. */
  small?: boolean;
  faults: readonly Fault[];
}

/**
 * The drawing is 1000 by 1000 units and is stretched to any width; lines keep their thickness, and every label is HTML
 * around it, so that a phone and a wall screen read the same file.
 */
const size = 1000;

/** One chart over time, with the faults marked. No script: a second's numbers come up as the browser's own tooltip. */
export function renderChart(spec: ChartSpec): Html {
  const x = timeScale(spec.end, spec.small ? 3 : 7, spec.begin);
  const tickText = spec.formatTick ?? spec.format;
  const y = valueScale(spec);
  const place = (index: number, value: number): string =>
    `${unit(x.at(spec.times[index] ?? 0))} ${unit(1 - y.at(value))}`;
  return html` <figure class="chart" id="${spec.id}">
    <figcaption>
      <h3>${spec.title}</h3>
      <p>${spec.note}</p>
      <ul class="legend">
        ${spec.series.map(legendEntry)}
      </ul>
    </figcaption>
    <div class="plot">
      <div class="y-axis" aria-hidden="true">
        ${y.ticks.map((tick) => html`<span style="top:${share(1 - y.at(tick))}">${tickText(tick)}</span>`)}
      </div>
      <div class="canvas">
        <svg
          viewBox="0 0 ${size} ${size}"
          preserveAspectRatio="none"
          role="img"
          aria-label="${described(spec)}"
        >
          ${spec.faults.map((fault) => faultBand(fault, x, spec.end))}
          <path class="grid" d="${y.ticks.map((tick) => `M0 ${unit(1 - y.at(tick))}h${size}`).join('')}" />
          ${(spec.marks ?? []).map((mark) => markLine(mark, x))}
          ${spec.limit === undefined ? null : html`<path class="limit" d="M0 ${unit(1 - y.at(spec.limit))}h${size}" />`}
          ${(spec.bands ?? []).map((band) => bandBetween(spec, band, place))}
          ${spec.series.map((series) => seriesPath(series, place, x, spec.times))}
          ${spec.times.map((time, index) => hoverColumn(spec, time, index, x))}
        </svg>
        ${spec.faults.map((fault, index) => faultBadge(fault, index, x, spec.end))}
      </div>
      <div class="x-axis" aria-hidden="true">
        ${x.ticks.map((tick) => html`<span style="left:${share(x.at(tick))}">${timeTick(tick, spec.end)}</span>`)}
      </div>
    </div>
  </figure>`;
}

function valueScale(spec: ChartSpec): Scale {
  const values = spec.series.flatMap((series) => series.values.filter((value) => value !== null));
  const max = values.reduce((largest, value) => Math.max(largest, value), 0);
  if (spec.scale === 'linear') return linearScale(Math.max(max, spec.limit ?? 0) || 1);
  const min = values.reduce((smallest, value) => Math.min(smallest, value), Number.POSITIVE_INFINITY);
  if (spec.scale === 'span') {
    if (!Number.isFinite(min)) return spanScale(0, 1);
    return spanScale(
      min,
      values.reduce((largest, value) => Math.max(largest, value), min),
    );
  }
  return logScale(Number.isFinite(min) ? min : 1, max === 0 ? 1000 : max);
}

type Place = (index: number, value: number) => string;

/** Runs of consecutive known values. */
function stretches(values: readonly (number | null)[]): { from: number; values: number[] }[] {
  const found: { from: number; values: number[] }[] = [];
  let open: { from: number; values: number[] } | undefined;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      open = undefined;
    } else {
      if (!open) found.push((open = { from: index, values: [] }));
      open.values.push(value);
    }
  }
  return found;
}

function seriesPath(series: Series, place: Place, x: Scale, times: readonly number[]): Html {
  const found = stretches(series.values);
  // A single point is a line of no length, which a round cap makes a dot.
  const line = found
    .map(({ from, values }) => {
      const corners = values.map((value, index) => place(from + index, value));
      return `M${corners.join('L')}${corners.length === 1 ? 'h0' : ''}`;
    })
    .join('');
  const path = html`<path class="line ${series.look}" d="${line}" />`;
  if (series.shape === 'line') return path;
  if (series.shape === 'dots') {
    const dots = found.flatMap(({ from, values }) =>
      values.map((value, index) => `M${place(from + index, value)}h0`),
    );
    return html`${path}<path class="dots ${series.look}" d="${dots.join('')}" />`;
  }
  const area = found
    .map(({ from, values }) => {
      const left = unit(x.at(times[from] ?? 0));
      const right = unit(x.at(times[from + values.length - 1] ?? 0));
      return `M${left} ${size}L${values.map((value, index) => place(from + index, value)).join('L')}L${right} ${size}Z`;
    })
    .join('');
  return html`<path class="area ${series.look}" d="${area}" />${path}`;
}

function bandBetween(spec: ChartSpec, band: Band, place: Place): Html {
  const lower = spec.series[band.from]?.values ?? [];
  const upper = spec.series[band.to]?.values ?? [];
  const found = stretches(lower).map(({ from, values }) => ({
    bottom: values.map((value, index) => place(from + index, value)),
    top: values.map((value, index) => place(from + index, upper[from + index] ?? value)),
  }));
  const areas = found.map(({ bottom, top }) => `M${bottom.join('L')}L${top.toReversed().join('L')}Z`);
  const area = html`<path class="area ${band.look}" d="${areas.join('')}" />`;
  if (!band.whiskers) return area;
  const whiskers = found.flatMap(({ bottom, top }) =>
    bottom.map((point, index) => `M${point}L${top[index]}`),
  );
  return html`${area}<path class="whiskers ${band.look}" d="${whiskers.join('')}" />`;
}

function faultBand(fault: Fault, x: Scale, end: number): Html {
  const from = x.at(fault.at);
  const to = x.at(fault.endedAt ?? end);
  return html`<g
    class="fault ${kindClass(fault)}"
    data-at="${fault.at}"
    data-ended-at="${fault.endedAt ?? end}"
  >
    <rect x="${unit(from)}" y="0" width="${unit(Math.max(0.001, to - from))}" height="${size}" />
    <path d="M${unit(from)} 0v${size}" />
  </g>`;
}

function faultBadge(fault: Fault, index: number, x: Scale, end: number): Html {
  const title = `${fault.kind} ${fault.target} at ${seconds(fault.at)}, ${faultOutcome(fault)}`;
  const left = share(Math.min(x.at(fault.at), x.at(end)));
  return html`<span class="badge ${kindClass(fault)}" style="left:${left}" title="${title}"
    >${index + 1}</span
  >`;
}

function markLine(mark: Mark, x: Scale): Html {
  return html`<path class="moment ${mark.look}" d="M${unit(x.at(mark.at))} 0v${size}"
    ><title>${mark.label}</title></path
  >`;
}

/** The colours that the style sheet knows; any other kind of fault takes the neutral one. */
export function kindClass(fault: Fault): string {
  return fault.kind === 'cut' || fault.kind === 'kill' ? fault.kind : 'other-fault';
}

/** A transparent column over the second that ends at `time`. */
function hoverColumn(spec: ChartSpec, time: number, index: number, x: Scale): Html {
  const from = x.at(index === 0 ? Math.max(spec.begin ?? 0, time - 1) : (spec.times[index - 1] ?? 0));
  const lines = spec.series.map((series) => {
    const value = series.values[index];
    return `${series.name}: ${value === null || value === undefined ? '-' : spec.format(value)}`;
  });
  const title = [seconds(time), ...lines].join('\n');
  return html`<rect class="hover" x="${unit(from)}" y="0" width="${unit(x.at(time) - from)}" height="${size}"
    ><title>${title}</title></rect
  >`;
}

function legendEntry(series: Series): Html {
  const swatch = raw(
    `<svg viewBox="0 0 22 10" aria-hidden="true"><path class="line ${series.look}" d="M2 5h18"/></svg>`,
  );
  return html`<li>${swatch}${series.name}</li>`;
}

function described(spec: ChartSpec): string {
  const peaks = spec.series.map((series) => {
    const largest = series.values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
    return `${series.name} at most ${spec.format(largest)}`;
  });
  return `${spec.title} over ${seconds(spec.end)}: ${peaks.join(', ')}`;
}

function unit(share01: number): string {
  return String(Math.round(share01 * size * 10) / 10);
}

function share(share01: number): string {
  return `${Math.round(share01 * 100_000) / 1000}%`;
}
