import { dtcOf, type FailureKind } from '#contract/failures.ts';
import { signals, type SignalName } from '#contract/signals.ts';
import { afterMs, beforeMs, overMs, type Lives } from './lives.ts';
import type { Scene } from './scenes.ts';

/** Draws one scene as SVG: a panel for each signal over one axis of time, healthy in grey, failing in colour. */

const width = 760;
const left = 58;
const right = 14;
const top = 50;
const panelHeight = 104;
const panelGap = 30;
const bottom = 40;

const ink = '#1f2937';
const quiet = '#64748b';
const grid = '#e5e7eb';
const healthyColour = '#94a3b8';
const colours: Record<FailureKind, { line: string; tint: string; word: string }> = {
  engine: { line: '#c2410c', tint: '#fff7ed', word: 'engine failure' },
  sensor: { line: '#7c3aed', tint: '#f5f3ff', word: 'sensor fault' },
  benign: { line: '#0369a1', tint: '#f0f9ff', word: 'no failure: circumstance' },
};

const minuteMs = 60_000;
const spanMs = beforeMs + overMs + afterMs;

export function plot(scene: Scene, lives: Lives): string {
  const { kind, id } = scene;
  const height = top + scene.signals.length * (panelHeight + panelGap) - panelGap + bottom;
  const end = height - bottom;
  const colour = colours[kind];
  const code = dtcOf(id, scene.sensor);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui,Segoe UI,Helvetica,Arial,sans-serif" font-size="12" fill="${quiet}">`,
    `<title>${id}: the same car healthy and failing</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="20" font-size="15" font-weight="600" fill="${ink}">${id}</text>`,
    `<text x="${width - right}" y="20" text-anchor="end">${[colour.word, code, scene.profile, `severity ${scene.severity}`].filter((word) => word !== null).join(' · ')}</text>`,
    `<rect x="${x(0)}" y="${top - 12}" width="${x(overMs) - x(0)}" height="${end - top + 12}" fill="${colour.tint}"/>`,
  ];
  for (const [place, name] of scene.signals.entries())
    parts.push(panel(name, top + place * (panelHeight + panelGap), lives, colour.line));
  parts.push(...moments(scene, lives, end, colour.line), ...timeAxis(end), '</svg>');
  return `${parts.join('\n')}\n`;
}

function panel(name: SignalName, y0: number, lives: Lives, colour: string): string {
  const unit = signals.find((signal) => signal.name === name)?.unit ?? '';
  const healthy = lives.healthy.get(name) ?? [];
  const failing = lives.failing.get(name) ?? [];
  const scale = niceScale([...healthy, ...failing].filter(Number.isFinite));
  const y = (value: number): number => y0 + panelHeight * (1 - (value - scale.min) / (scale.max - scale.min));
  const lines = scale.ticks.map((tick) => {
    const at = Math.round(y(tick));
    return `<path d="M${left} ${at}H${width - right}" stroke="${grid}"/><text x="${left - 8}" y="${at + 4}" text-anchor="end">${tick}</text>`;
  });
  const from = lives.at.findIndex((at) => at >= 0);
  // From the reading before the onset on, so that the line leaves the healthy one.
  const begun = Math.max(0, from - 1);
  return [
    ...lines,
    `<text x="${left}" y="${y0 - 5}" fill="${ink}" font-weight="500">${name} <tspan fill="${quiet}" font-weight="400">${unit}</tspan></text>`,
    `<path d="${line(lives.at, healthy, 0, y)}" fill="none" stroke="${healthyColour}" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"/>`,
    `<path d="${line(lives.at, failing, begun, y)}" fill="none" stroke="${colour}" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round"/>`,
  ].join('\n');
}

/** A line through whole points, relative to each other, with gaps where a value is absent. */
function line(
  at: readonly number[],
  values: readonly number[],
  from: number,
  y: (value: number) => number,
): string {
  let path = '';
  let last: [number, number] | undefined;
  for (let n = from; n < values.length; n++) {
    const value = values[n]!;
    // Half a pixel is fine enough for the eye.
    const point: [number, number] | undefined = Number.isFinite(value)
      ? [Math.round(2 * x(at[n]!)), Math.round(2 * y(value))]
      : undefined;
    // A dot, for a reading that stands alone.
    if (point && !last) path += `M${pair(point[0], point[1])}h0`;
    else if (point && last) path += `l${pair(point[0] - last[0], point[1] - last[1])}`;
    last = point;
  }
  return path;
}

/** Two numbers that are given in halves, as short as a path takes them. */
function pair(one: number, other: number): string {
  const [first, second] = [one, other].map((twice) => String(twice / 2).replace(/^(-?)0\./, '$1.'));
  return second!.startsWith('-') ? `${first}${second}` : `${first} ${second}`;
}

function moments({ kind }: Scene, { times }: Lives, end: number, colour: string): string[] {
  const { onsetSim, detectableAtSim, failureAtSim } = times;
  const words = kind === 'benign' ? ['begins', 'shows', 'over'] : ['onset', 'shows', 'failed'];
  const marks = [0, detectableAtSim === null ? null : detectableAtSim - onsetSim, failureAtSim - onsetSim];
  return marks.flatMap((at, n) => {
    if (at === null) return [];
    const where = Math.round(x(at));
    const dashes = ['6 4', '2 3', ''][n]!;
    // Two that are close to each other: the first stands left of its line.
    const anchor = n === 0 ? 'end' : 'start';
    const beside = n === 0 ? -4 : 4;
    return [
      `<path d="M${where} ${top - 12}V${end}" stroke="${n === 1 ? colour : ink}" stroke-width="1"${dashes && ` stroke-dasharray="${dashes}"`}/>`,
      `<text x="${where + beside}" y="${top - 16}" text-anchor="${anchor}" fill="${n === 1 ? colour : ink}">${words[n]}</text>`,
    ];
  });
}

function timeAxis(end: number): string[] {
  const ticks: string[] = [];
  for (let minute = -beforeMs / minuteMs; minute <= (overMs + afterMs) / minuteMs; minute += 2) {
    const where = Math.round(x(minute * minuteMs));
    ticks.push(
      `<path d="M${where} ${end}v4" stroke="${quiet}"/><text x="${where}" y="${end + 17}" text-anchor="middle">${minute}</text>`,
    );
  }
  return [
    `<path d="M${left} ${end}H${width - right}" stroke="${quiet}"/>`,
    ...ticks,
    `<text x="${width - right}" y="${end + 33}" text-anchor="end">minutes after the onset; grey: the same car without it</text>`,
  ];
}

function x(atMs: number): number {
  return left + ((width - left - right) * (atMs + beforeMs)) / spanMs;
}

/** Round numbers around the values, two to four steps. */
function niceScale(values: readonly number[]): { min: number; max: number; ticks: number[] } {
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  const span = Math.max(highest - lowest, 1e-3 * Math.max(1, Math.abs(highest)));
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => span / one <= 4) ?? span;
  const min = Math.floor(lowest / step + 1e-9) * step;
  const max = Math.max(min + step, Math.ceil(highest / step - 1e-9) * step);
  const ticks: number[] = [];
  for (let n = 0; min + n * step <= max + step / 2; n++) ticks.push(Number((min + n * step).toPrecision(6)));
  return { min, max, ticks };
}
