import { ReleaseError } from './release-refusals.ts';

/**
 * What a manifest's fields may be: each function returns the value with its type, or throws ReleaseError 'bad-manifest'
 * naming the field. By hand, because an edge reads this before it knows who wrote it, and contract stands on nothing.
 */
export function refuse(path: string, expected: string, got: unknown): ReleaseError {
  const shown = JSON.stringify(got) ?? typeof got;
  return new ReleaseError('bad-manifest', `${path}: expected ${expected}, got ${shown.slice(0, 80)}`);
}

/** An object with these fields and no others. */
export function exactly<Name extends string>(
  value: unknown,
  path: string,
  names: readonly Name[],
): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(path, 'an object', shape(value));
  }
  for (const name of names) {
    if (!Object.hasOwn(value, name)) throw refuse(`${path}.${name}`, 'a value', undefined);
  }
  const known: readonly string[] = names;
  const other = Object.keys(value).find((name) => !known.includes(name));
  if (other !== undefined) throw refuse(path, `no field but ${names.join(', ')}`, other);
  return value as Record<Name, unknown>;
}

/** A list of so many entries. */
export function list(value: unknown, path: string, fewest: number, most: number): unknown[] {
  const expected = fewest === most ? `${most} entries` : `${fewest} to ${most} entries`;
  if (!Array.isArray(value)) throw refuse(path, `a list of ${expected}`, shape(value));
  if (value.length < fewest || value.length > most) throw refuse(path, expected, value.length);
  return value as unknown[];
}

/** A whole number within these bounds; without an upper one, as far as numbers are exact. */
export function natural(
  value: unknown,
  path: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  const range = least === most ? String(most) : `a whole number from ${least} to ${most}`;
  throw refuse(path, range, shape(value));
}

/** The last instant that a Date can be. */
const lastInstant = 8_640_000_000_000_000;

/** ms since 1970. */
export function instant(value: unknown, path: string): number {
  return natural(value, path, 0, lastInstant);
}

export function finite(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw refuse(path, 'a number', typeof value === 'number' ? String(value) : shape(value));
}

export function text(
  value: unknown,
  path: string,
  fits: (text: string) => boolean,
  expected: string,
): string {
  if (typeof value === 'string' && fits(value)) return value;
  throw refuse(path, expected, shape(value));
}

export function oneOf<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found === undefined) throw refuse(path, words.join(' or '), shape(value));
  return found;
}

/** Lists and objects by their kind: they may be long. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : value;
}
