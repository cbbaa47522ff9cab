/** How a time stands in a cell. Only differences count, so any zero and any time zone will do. */
export interface TimeFormat {
  /** @returns ms; NaN for what is no such time */
  read(text: string): number;
  /** A clock without a date begins again at midnight. */
  isClock: boolean;
}

const dayMs = 86_400_000;

/** Numbers since any zero (1970 is one), in this unit. */
const msByUnit: Record<string, number> = {
  days: dayMs,
  minutes: 60_000,
  seconds: 1000,
  milliseconds: 1,
  microseconds: 0.001,
};

export const namedFormats: readonly string[] = [...Object.keys(msByUnit), 'iso', 'clock'];

const isoPattern =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;
const clockPattern = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?$/;

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** What a pattern is made of, longest first; everything else in it stands for itself. */
const tokens: Record<string, string> = {
  YYYY: '(?<year>\\d{4})',
  MMM: '(?<name>[A-Za-z]{3})',
  SSS: '(?<fraction>\\d{1,9})',
  MM: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{1,2})',
  hh: '(?<half>\\d{1,2})',
  mm: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{1,2})',
  a: '(?<noon>[AaPp]\\.?[Mm]\\.?)',
};

/** @returns undefined for a format that is neither a name nor a pattern with a time in it */
export function timeFormat(written: string, decimal: '.' | ',' = '.'): TimeFormat | undefined {
  const unit = msByUnit[written];
  if (unit !== undefined) {
    return {
      isClock: false,
      read: (text) => {
        const number = decimal === ',' ? text.replace(',', '.') : text;
        return /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(number) ? Number(number) * unit : Number.NaN;
      },
    };
  }
  if (written === 'iso') return { isClock: false, read: readIso };
  if (written === 'clock') return { isClock: true, read: readClock };
  return patternOf(written);
}

function readIso(text: string): number {
  const found = isoPattern.exec(text);
  if (!found) return Number.NaN;
  const [, year, month, day, hour, minute, second = '0', fraction = '0', zone] = found;
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  return utc + Number(second) * 1000 + fractionMs(fraction) - zoneMs(zone);
}

function readClock(text: string): number {
  const found = clockPattern.exec(text);
  if (!found) return Number.NaN;
  const [, hour, minute, second = '0', fraction = '0'] = found;
  return (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1000 + fractionMs(fraction);
}

function patternOf(written: string): TimeFormat | undefined {
  const names = Object.keys(tokens);
  const split = new RegExp(`(${names.join('|')})`);
  const used = new Set<string>();
  const source = written
    .split(split)
    .map((part) => {
      if (!names.includes(part)) return part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      if (used.has(part)) return '\\d+';
      used.add(part);
      return tokens[part];
    })
    .join('');
  const hasHour = used.has('HH') || used.has('hh');
  if (!hasHour || !used.has('mm') || !used.has('ss')) return undefined;
  const hasDate = used.has('DD') && (used.has('MM') || used.has('MMM')) && used.has('YYYY');
  const pattern = new RegExp(`^${source}$`);
  return {
    isClock: !hasDate,
    read: (text) => {
      const groups = pattern.exec(text)?.groups;
      return groups ? timeOf(groups, hasDate) : Number.NaN;
    },
  };
}

function timeOf(groups: Record<string, string | undefined>, hasDate: boolean): number {
  const { year, month, name, day, hour, half, noon, minute, second, fraction = '0' } = groups;
  const index = name === undefined ? Number(month) - 1 : months.indexOf(name.toLowerCase());
  if (hasDate && (index < 0 || index > 11)) return Number.NaN;
  const date = hasDate ? Date.UTC(Number(year), index, Number(day)) : 0;
  const afternoon = noon !== undefined && /^p/i.test(noon) ? 12 : 0;
  const hours = hour === undefined ? (Number(half) % 12) + afternoon : Number(hour);
  return date + (hours * 60 + Number(minute)) * 60_000 + Number(second) * 1000 + fractionMs(fraction);
}

function fractionMs(digits: string): number {
  return Number(`0.${digits}`) * 1000;
}

function zoneMs(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  return (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
}

/** A clock's time that began again at midnight, put behind the one before. */
export function afterMidnight(timeMs: number, lastMs: number): number {
  const days = Math.round((lastMs - timeMs) / dayMs);
  return days > 0 ? timeMs + days * dayMs : timeMs;
}
