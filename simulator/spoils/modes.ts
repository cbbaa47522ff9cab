import type { SpoilKind } from '#contract/ledger-records.ts';
import { corrupt } from './corrupt.ts';
import { duplicate } from './duplicate.ts';
import { oversize } from './oversize.ts';
import { reorder } from './reorder.ts';
import type { SpoilMode } from './spoil.ts';
import { wrongSchema } from './wrong-schema.ts';

/** What can be done to a message; a clock (skew) and a connection (slow-consumer) are spoiled elsewhere. */
export const spoilModes = {
  duplicate,
  reorder,
  corrupt,
  oversize,
  'wrong-schema': wrongSchema,
} as const satisfies Partial<Record<SpoilKind, SpoilMode>>;

export type MessageSpoilKind = keyof typeof spoilModes;

export function spoilsMessages(kind: SpoilKind): kind is MessageSpoilKind {
  return kind in spoilModes;
}
