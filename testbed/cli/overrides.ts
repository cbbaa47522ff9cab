import { UserError } from '#runtime/errors.ts';
import type { Overrides } from '../scenario/load.ts';
import { duration } from '../scenario/values.ts';
import type { Given } from './arguments.ts';

/** Options that change a scenario, the same for every command that reads one. */
export const overrideOptions = { cars: 'value', duration: 'value', seed: 'value', set: 'values' } as const;

/** @throws UserError 'config' */
export function overridesFrom(given: Given): Omit<Overrides, 'kafkaGiven'> {
  const cars = given.value('cars');
  const length = given.value('duration');
  const seed = given.value('seed');
  return {
    ...(cars !== undefined && { cars: wholeNumber('--cars', cars, 1, 1_000_000) }),
    ...(length !== undefined && { durationMs: durationOf(length) }),
    ...(seed !== undefined && { seed: wholeNumber('--seed', seed, 0, Number.MAX_SAFE_INTEGER) }),
    set: given.values('set'),
  };
}

/** @throws UserError 'config' */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError('config', `${option}: expected a whole number from ${least} to ${most}, got ${text}`);
}

function durationOf(text: string): number {
  const parsed = duration.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (parsed.success && parsed.data > 0) return parsed.data;
  const [expected, hint] = parsed.error?.issues[0]?.message.split('\n') ?? ['expected more than no time'];
  throw new UserError(
    'config',
    `--duration: ${expected}, got ${text}${hint ? ` (did you mean ${hint}?)` : ''}`,
  );
}
