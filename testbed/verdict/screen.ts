import { stripVTControlCharacters, styleText } from 'node:util';
import { kindOf } from '#contract/failures.ts';
import { bytes, count, measured, milliseconds, plural, seconds } from './figures.ts';
import type { SecondSample } from './second.ts';
import { sparkline } from './sparkline.ts';
import type { Summary } from './summary.ts';
import {
  deliverySentences,
  equationTerms,
  faultOutcome,
  latencyRows,
  problemSentence,
  verdictOf,
} from './wording.ts';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';
/** A line is pieces of text, each with a style or without. */
type Piece = string | readonly [text: string, style: Style | readonly Style[]];
type Line = readonly Piece[];

export interface ScreenOptions {
  /** false where the output is no terminal. */
  color: boolean;
  /** Columns. */
  width: number;
  /** Path of report.html, as the user can open it. */
  report?: string;
  /** Draws the flow into Kafka over time. */
  samples?: readonly SecondSample[];
}

/** How many of each list are shown. */
interface Limits {
  reasonLines: number;
  thresholds: number;
  faults: number;
  problems: number;
  notes: number;
  flow: boolean;
}

const mostLines = 40;
/** From what one would like to show to what always fits. */
const limitsToTry: readonly Limits[] = [
  { reasonLines: 5, thresholds: 8, faults: 5, problems: 3, notes: 2, flow: true },
  { reasonLines: 3, thresholds: 5, faults: 3, problems: 2, notes: 1, flow: true },
  { reasonLines: 1, thresholds: 3, faults: 2, problems: 1, notes: 1, flow: false },
];
const good = 'green';
const bad = ['red', 'bold'] as const;
const tones = { good: ['green', 'bold'], bad: ['red', 'bold'], warning: ['yellow', 'bold'] } as const;

/** The end of a run on one screen: at most 40 lines, the verdict first. */
export function renderScreen(summary: Summary, options: ScreenOptions): string {
  let lines: Line[] = [];
  for (const limits of limitsToTry) {
    lines = compose(summary, options, limits);
    if (lines.length <= mostLines) break;
  }
  return lines.map((line) => paint(line, options)).join('\n');
}

function compose(summary: Summary, options: ScreenOptions, limits: Limits): Line[] {
  return [
    [],
    ...headline(summary, options, limits),
    [],
    ...delivery(summary, options, limits),
    ...(limits.flow ? flow(summary, options) : []),
    ...latency(summary),
    ...detection(summary),
    ...faults(summary, limits),
    ...thresholds(summary, limits),
    [],
    ...machine(summary),
    ...(options.report === undefined ? [] : [['  Report      ', [options.report, 'bold'] as const]]),
    [],
  ];
}

function headline(summary: Summary, { width }: ScreenOptions, limits: Limits): Line[] {
  const { run, cars, fleet } = summary;
  const { word, tone, reason } = verdictOf(summary);
  const mark = { good: '✔', bad: '✘', warning: '■' }[tone];
  const facts = [
    plural(cars.connectedPeak, 'car'),
    `QoS ${fleet.qos}`,
    plural(fleet.edges, 'edge'),
    ...(fleet.bridges > 1 ? [plural(fleet.bridges, 'bridge')] : []),
    seconds(run.durationSeconds),
    `seed ${run.seed}`,
    `run ${run.id}`,
  ];
  const more = [
    ...run.invalidReasons
      .slice(word === 'INVALID' ? 1 : 0)
      .slice(0, limits.notes)
      .map((text) => `invalid: ${text}`),
    ...run.warnings.slice(0, limits.notes).map((text) => `warning: ${text}`),
  ];
  // A reason may be a process's last words, of any length.
  const indent = word.length + 6;
  const [whole = '', ...others] = wrapped(`${run.scenario}: ${reason}`, width - indent + 2).slice(
    0,
    limits.reasonLines,
  );
  const first = whole.slice(run.scenario.length + 2);
  return [
    ['  ', [`${mark} ${word}`, tones[tone]], '  ', [run.scenario, 'bold'], `: ${first}`],
    ...others.map((text): Line => [' '.repeat(indent), text]),
    ['    ', [facts.join(' · '), 'dim']],
    ...more.map((text): Line => ['    ', [text, 'yellow']]),
  ];
}

function delivery(summary: Summary, { width }: ScreenOptions, limits: Limits): Line[] {
  const { delivery: numbers, problems } = summary;
  const intact =
    numbers.sent > 0 && numbers.stored === numbers.sent && numbers.duplicated + numbers.reordered === 0;
  const [first = '', ...others] = deliverySentences(summary);
  const terms = equationTerms(numbers).flatMap(({ name, value, bad: wrong }, index): Piece[] => {
    const text = `${count(value)} ${name}`;
    return [index === 0 ? ' = ' : ' + ', wrong ? [text, bad] : value === 0 ? [text, 'dim'] : text];
  });
  const lines = wrapped(first, width).map((text): Line => ['  ', [text, 'bold']]);
  for (const [index, sentence] of others.entries()) {
    const whole = index === 0 && intact;
    for (const text of wrapped(sentence, width)) lines.push(['  ', whole ? [text, good] : text]);
  }
  if (numbers.sent > 0) lines.push(['    ', `${count(numbers.sent)} sent`, ...terms]);
  for (const problem of problems.slice(0, limits.problems))
    lines.push(['    ', [problemSentence(problem), 'red']]);
  const unlisted = problems.length - limits.problems + summary.problemsOmitted;
  if (unlisted > 0) lines.push(['    ', [`… and ${count(unlisted)} more, see the report`, 'dim']]);
  const { total, unidentified } = summary.deadLetters;
  if (unidentified > 0) {
    lines.push([
      '    ',
      [`${plural(total, 'dead letter')}, ${count(unidentified)} that cannot be read`, 'yellow'],
    ]);
  }
  return lines;
}

function flow(summary: Summary, options: ScreenOptions): Line[] {
  if (!options.samples?.some((sample) => sample.storedPerSecond > 0)) return [];
  const { bars, marks, peak } = sparkline(options.samples, summary.faults, Math.min(60, options.width - 36));
  const lines: Line[] = [
    [],
    ['  Into Kafka  ', [bars, 'cyan'], ['  ', 'dim'], [`peak ${count(peak)}/s`, 'dim']],
  ];
  if (marks.trim() !== '') lines.push(['              ', [marks, 'yellow']]);
  return lines;
}

function latency(summary: Summary): Line[] {
  const rows = latencyRows(summary);
  if (rows.length === 0) return [];
  const columns = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(11)).join('');
  return [
    [],
    ['  Latency'.padEnd(28), [columns(['p50', 'p90', 'p99', 'max', 'messages']), 'dim']],
    ...rows.map(({ name, latency: { p50, p90, p99, max, count: number } }): Line => {
      const times = [p50, p90, p99, max].map((value) => milliseconds(value));
      return [`    ${name}`.padEnd(28), columns([...times, count(number)])];
    }),
  ];
}

/** What the models did, where there were any. */
function detection(summary: Summary): Line[] {
  const { detection: found, inference, releases, training } = summary;
  const modes = Object.entries(found.byMode);
  if (releases.length === 0 && training.refused.length === 0 && modes.length === 0) return [];
  const lines: Line[] = [[], ['  Models']];
  for (const { id, trainedOnReadings, trainSeconds, convergedSeconds, edges } of releases) {
    const after =
      convergedSeconds === null
        ? `on ${plural(edges, 'edge')}`
        : `on every edge after ${seconds(convergedSeconds)}`;
    const trained = trainSeconds === null ? '' : `trained in ${seconds(trainSeconds)}, `;
    lines.push(['    ', [id, 'bold'], `  ${count(trainedOnReadings)} readings, ${trained}${after}`]);
  }
  for (const reason of training.refused) lines.push(['    ', [`no release: ${reason}`, 'yellow']]);
  for (const [reason, times] of Object.entries(training.releaseRefusals))
    lines.push(['    ', [`edges refused a release ${count(times)} times: ${reason}`, 'yellow']]);
  if (inference.readings > 0)
    lines.push([
      '    ',
      `${count(inference.readings)} readings scored, ${count(inference.scoredOffline)} of them offline`,
    ]);
  const wide = Math.max(16, ...modes.map(([mode]) => mode.length + 2));
  for (const [mode, { cars, detected, medianDelaySeconds }] of modes) {
    const delay =
      medianDelaySeconds === null ? '' : `, ${seconds(medianDelaySeconds)} after the onset (cars’ clock)`;
    const isBenign = kindOf(mode) === 'benign';
    const word = isBenign ? 'raised a false alarm' : `found${delay}`;
    lines.push(['    ', mode.padEnd(wide), `${count(detected)} of ${count(cars)} ${word}`]);
  }
  if (found.vehicleDays !== null) {
    const rate = found.falseAlarmsPerVehicleDay;
    const aDay = rate === null ? '' : `, ${rate.toFixed(1)} a day`;
    lines.push([
      '    ',
      `${plural(found.falseAlarms ?? 0, 'false alarm')} in ${found.vehicleDays.toFixed(2)} vehicle-days${aDay}`,
    ]);
  }
  return lines;
}

function faults(summary: Summary, limits: Limits): Line[] {
  if (summary.faults.length === 0) return [];
  const shown = summary.faults.slice(0, limits.faults);
  const wide = Math.max(18, ...shown.map(({ target }) => target.length));
  const wideKind = Math.max(6, ...shown.map(({ kind }) => kind.length + 1));
  const lines = shown.map((fault): Line => {
    const at = `${fault.at.toFixed(1)} s`.padStart(10);
    const target = fault.target.padEnd(wide);
    return [at, '  ', [fault.kind.padEnd(wideKind), 'yellow'], target, ` ${faultOutcome(fault)}`];
  });
  const more = summary.faults.length - lines.length;
  return [
    [],
    ['  Faults'],
    ...lines,
    ...(more > 0 ? [[[`          … and ${more} more`, 'dim'] as const]] : []),
  ];
}

function thresholds(summary: Summary, limits: Limits): Line[] {
  if (summary.thresholds.length === 0) return [];
  const order = summary.thresholds.toSorted((a, b) => Number(a.ok) - Number(b.ok));
  const shown = order.slice(0, limits.thresholds);
  const wide = Math.max(...shown.map(({ metric }) => metric.length));
  const wideCondition = Math.max(...shown.map(({ condition }) => condition.length));
  const lines = shown.map(({ metric, condition, actual, ok, note }): Line => [
    '    ',
    ok ? ['✔', good] : ['✘', bad],
    ` ${metric.padEnd(wide)}  `,
    [condition.padEnd(wideCondition), 'dim'],
    '  ',
    ok ? measured(actual, metric) : [measured(actual, metric), bad],
    note === null ? '' : [`  ${note}`, 'dim'],
  ]);
  const more = order.slice(limits.thresholds);
  const rest = more.some(({ ok }) => !ok) ? 'more, some of them failed' : 'more that held';
  return [
    [],
    ['  Thresholds'],
    ...lines,
    ...(more.length > 0 ? [[[`      … and ${more.length} ${rest}`, 'dim'] as const]] : []),
  ];
}

function machine(summary: Summary): Line[] {
  const { resources } = summary;
  const { machine: host, rssPeakBytes, cpuSeconds } = resources;
  const parts = [
    `${bytes(rssPeakBytes)} of ${bytes(host.memoryBytes)} memory at most`,
    `${seconds(cpuSeconds)} of CPU time`,
    plural(host.cores, 'core'),
  ];
  return [['  Machine     ', parts.join(' · ')]];
}

/** A sentence in lines that leave the margin free. */
function wrapped(sentence: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of stripVTControlCharacters(sentence).trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width - 4)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function paint(line: Line, options: ScreenOptions): string {
  let left = options.width;
  let text = '';
  for (const piece of line) {
    const [whole, style] = typeof piece === 'string' ? [piece, undefined] : piece;
    const shown = whole.length <= left ? whole : `${whole.slice(0, Math.max(0, left - 1))}…`;
    if (left <= 0) break;
    left -= shown.length;
    text += style && options.color ? styled(style, shown) : shown;
  }
  return text.trimEnd();
}

/** The caller decides on colour: styleText would look at this process's stdout. */
function styled(style: Style | readonly Style[], text: string): string {
  return styleText(typeof style === 'string' ? style : [...style], text, { validateStream: false });
}
