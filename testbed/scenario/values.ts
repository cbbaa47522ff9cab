import { z } from 'zod';
import { complaint } from './problems.ts';

/**
 * The small languages inside a scenario: durations, rates, instants, conditions. All are text with a unit, because a
 * bare number says nothing of its own.
 */
const msByUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
type Unit = keyof typeof msByUnit;

const bytesByUnit = { B: 1, KB: 1000, MB: 1_000_000, KiB: 1024, MiB: 1_048_576 };
type ByteUnit = keyof typeof bytesByUnit;

const durationPattern = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
const signedDurationPattern = /^([+-]?)(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
const sharePattern = /^(\d+(?:\.\d+)?)\s*%$/;
const ratePattern = /^(\d+(?:\.\d+)?)\s*\/\s*(s|m)$/;
const byteRatePattern = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|KiB|MiB)\/s$/;
const conditionPattern = /^(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i;

/** "250ms", "30s", "1.5m", "24h" -> ms */
export const duration = textOf(
  durationPattern,
  'expected a duration such as 250ms, 30s or 2m',
  durationHint,
).transform((text) => {
  const [, amount, unit] = durationPattern.exec(text) ?? [];
  return Math.round(Number(amount) * msByUnit[unit as Unit]);
});

/** "5m", "+5m", "-90s" -> ms, with its sign */
export const signedDuration = textOf(
  signedDurationPattern,
  'expected a duration such as 5m or -5m',
  signedDurationHint,
).transform((text) => {
  const [, sign, amount, unit] = signedDurationPattern.exec(text) ?? [];
  return Math.round(Number(amount) * msByUnit[unit as Unit]) * (sign === '-' ? -1 : 1);
});

/** "5000/s", "300/m" -> per second */
export const rate = textOf(ratePattern, 'expected a rate such as 1000/s', (value) =>
  typeof value === 'number' && value > 0 ? `${value}/s` : undefined,
).transform((text) => {
  const [, amount, unit] = ratePattern.exec(text) ?? [];
  return Number(amount) / (unit === 'm' ? 60 : 1);
});

/** "64KB/s", "1.5MB/s", "64KiB/s" -> bytes per second */
export const byteRate = textOf(
  byteRatePattern,
  'expected bytes a second such as 64KB/s or 1MB/s',
  byteRateHint,
)
  .transform((text) => {
    const [, amount, unit] = byteRatePattern.exec(text) ?? [];
    return Math.round(Number(amount) * bytesByUnit[unit as ByteUnit]);
  })
  .refine((bytes) => bytes > 0, 'expected at least 1B/s');

/** "2%" -> {share: 0.02}, 20 -> {cars: 20} */
export const carsOrShare = z
  .union(
    [
      z.int({ error: carsHint }).min(1, { error: carsHint }),
      z.string({ error: carsHint }).regex(sharePattern, { error: carsHint }),
    ],
    {
      error: carsHint,
    },
  )
  .transform((given, context) => {
    if (typeof given === 'number') return { cars: given, share: undefined };
    const share = Number(sharePattern.exec(given)?.[1]) / 100;
    if (share > 0 && share <= 1) return { cars: undefined, share };
    context.addIssue({ code: 'custom', message: 'expected a share above 0% and up to 100%' });
    return z.NEVER;
  });

/** "start" -> null, "60s" -> ms */
export const lookBack = z
  .string({ error: () => 'expected start, or how far back such as 60s' })
  .regex(/^start$|^\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)$/, {
    error: () => 'expected start, or how far back such as 60s',
  })
  .transform((text) => (text === 'start' ? null : duration.parse(text)))
  .refine((ms) => ms !== 0, 'expected more than 0s');

/** "2026-05-04T06:00:00Z" -> ms since 1970 */
export const instant = z.iso
  .datetime({ offset: true, error: () => 'expected a time in ISO 8601 such as 2026-05-04T06:00:00Z' })
  .transform((text) => Date.parse(text));

/** "== 0", "< 1000" */
export const condition = textOf(
  conditionPattern,
  'expected a comparison and a number such as "== 0" or "< 1000"',
  (value) => {
    if (typeof value === 'number') return `"== ${value}"`;
    const [, number] = typeof value === 'string' ? (/^=\s*(-?[\d.]+)$/.exec(value) ?? []) : [];
    return number === undefined ? undefined : `"== ${number}"`;
  },
).transform((text) => {
  const [, op, number] = conditionPattern.exec(text) ?? [];
  return { op: op as Comparison, value: Number(number), condition: text };
});

export const comparisons = ['<', '<=', '==', '!=', '>=', '>'] as const;
export type Comparison = (typeof comparisons)[number];

/** ms as a person would write them: 90000 -> 90s, 120000 -> 2m */
export function shortDuration(ms: number): string {
  if (ms >= 1000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 100 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function carsHint({ input }: { input?: unknown }): string {
  const number = Number(input);
  const meant =
    number > 0 && number < 1 ? `${Number((100 * number).toPrecision(3))}%` : `${Math.round(number)}`;
  return complaint(
    'expected a share of the cars such as 2%, or a number such as 20',
    number > 0 ? meant : undefined,
  );
}

function textOf(
  pattern: RegExp,
  expected: string,
  hint: (value: unknown) => string | undefined,
): z.ZodString {
  const error = (issue: { input?: unknown }): string => complaint(expected, hint(issue.input));
  return z.string({ error }).regex(pattern, { error });
}

/** What somebody meant who wrote 30, "30 sec" or "2 minutes". */
function durationHint(value: unknown): string | undefined {
  if (typeof value === 'number') return value >= 0 ? `${value}s` : undefined;
  const [, amount, word] =
    typeof value === 'string' ? (/^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value) ?? []) : [];
  if (amount === undefined || word === undefined) return undefined;
  const unit = /^(milli|msec|ms)/i.test(word) ? 'ms' : (/^[smhd]/i.exec(word)?.[0]?.toLowerCase() ?? 's');
  return `${amount}${unit}`;
}

/** What somebody meant who wrote 5, -5 or "-5 min". */
function signedDurationHint(value: unknown): string | undefined {
  if (typeof value === 'number') return value === 0 ? undefined : `${value}s`;
  const [, sign = '', rest] = typeof value === 'string' ? (/^\s*([+-]?)\s*(.*)$/.exec(value) ?? []) : [];
  const meant = durationHint(rest);
  return meant === undefined ? undefined : `${sign}${meant}`;
}

/** What somebody meant who wrote 64, "64kb/s" or "1 MB". */
function byteRateHint(value: unknown): string | undefined {
  if (typeof value === 'number') return value > 0 ? `${value}KB/s` : undefined;
  const [, amount, unit] =
    typeof value === 'string' ? (/^(\d+(?:\.\d+)?)\s*([km]?i?b?)(?:\/?s)?$/i.exec(value) ?? []) : [];
  if (amount === undefined || unit === undefined) return undefined;
  const meant = Object.keys(bytesByUnit).find((known) => known.toLowerCase() === unit.toLowerCase());
  return `${amount}${meant ?? (/^m/i.test(unit) ? 'MB' : 'KB')}/s`;
}
