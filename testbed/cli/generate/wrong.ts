import type { z } from 'zod';
import { nearestWord } from '#runtime/config.ts';
import { UserError } from '#runtime/errors.ts';

export function wrong(words: string): UserError {
  return new UserError('config', `fleetbed generate: ${words}`);
}

/** "--format: expected csv or ndjson, got cvs (did you mean csv?)" */
export function complaint(place: string, expected: string, got: string, hint?: string): UserError {
  const meant = hint === undefined ? '' : ` (did you mean ${hint}?)`;
  return wrong(`${place}: ${expected}, got ${got}${meant}`);
}

/** As complaint(): what was meant, where that can be told; otherwise all that it could have been. */
export function unknownWord(place: string, what: string, got: string, known: readonly string[]): UserError {
  const near = nearestWord(got, known);
  const expected = near === undefined ? `${what}: ${known.join(', ')};` : `${what} such as ${known[0]},`;
  return wrong(
    `${place}: expected ${expected} got ${got}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
  );
}

/** @throws UserError with what the type of the value expects, and its hint */
export function parsed<T>(place: string, text: string | number, type: z.ZodType<T>): T {
  const result = type.safeParse(text);
  if (result.success) return result.data;
  const [expected = 'expected something else', hint] = result.error.issues[0]?.message.split('\n') ?? [];
  throw complaint(place, expected, String(text), hint);
}
