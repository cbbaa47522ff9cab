/** How numbers are written for people, on the screen and in the report. */

/** To one decimal, as times stand in summary.json and detection.json. */
export function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

/** 12,345 */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A time of at most some minutes: 0.42 ms, 17 ms, 1.32 s, 2 min 05 s. `none` where it was not measured. */
export function milliseconds(ms: number | null, none = '-'): string {
  if (ms === null) return none;
  if (ms < 10) return `${trimmed(ms, ms < 1 ? 2 : 1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return seconds(ms / 1000);
}

/** 0.8 s, 14.7 s, 2 min 05 s, 3 h 07 min */
export function seconds(value: number): string {
  if (value < 10) return `${trimmed(value, 2)} s`;
  if (value < 60) return `${trimmed(value, 1)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${padded(Math.floor((whole % 3600) / 60))} min`;
}

/** 950 B, 12 KB, 1.4 GB (powers of ten) */
export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${trimmed(scaled, unit > 0 && scaled < 10 ? 1 : 0)} ${units[unit]}`;
}

/** What came to it or left it: +12 KB, -1.4 MB, 0 B */
export function signedBytes(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '-' : ''}${bytes(Math.abs(value))}`;
}

/** 0.42 %, 17 % */
export function percent(ratio: number): string {
  return `${trimmed(ratio * 100, ratio < 0.1 ? 2 : 0)} %`;
}

/** A metric's number as it was measured, with its unit, without digits that nobody asked for. */
export function measured(value: number | null, metric = ''): string {
  if (value === null) return 'not measured';
  const digits = value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) >= 100 ? 1 : 4 });
  return digits + unitOf(metric);
}

/** Names carry their unit last; a latency's quantile stands one level below it. */
function unitOf(metric: string): string {
  if (metric.endsWith('.count')) return '';
  const units = [
    [/Ms(\.|$)/, ' ms'],
    [/Us(\.|$)/, ' µs'],
    [/Seconds$/, ' s'],
    [/Bytes$/, ' B'],
  ] as const;
  return units.find(([pattern]) => pattern.test(metric))?.[1] ?? '';
}

/** A point of a time axis: 45 s; 1:30 from the first two minutes on; 2:05 h from the first two hours on. */
export function timeTick(value: number, end: number): string {
  if (end <= 120) return `${trimmed(value, 2)} s`;
  if (end <= 7200) return `${Math.floor(value / 60)}:${padded(Math.round(value % 60))}`;
  return `${Math.floor(value / 3600)}:${padded(Math.round((value % 3600) / 60))} h`;
}

/** A time on a logarithmic axis: 0.1 ms, 20 ms, 1 s, 100 s */
export function timeMark(ms: number): string {
  return ms < 1000 ? `${trimmed(ms, 2)} ms` : `${trimmed(ms / 1000, 1)} s`;
}

/** seq 7, or seq 7 to 12 */
export function seqRange(range: { fromSeq: number; toSeq: number }): string {
  return range.fromSeq === range.toSeq ? `seq ${range.fromSeq}` : `seq ${range.fromSeq} to ${range.toSeq}`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${Math.round(value) === 1 ? one : many}`;
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
