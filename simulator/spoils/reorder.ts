import type { SpoilMode } from './spoil.ts';

/** Held back, and sent right after the message that follows it: two swapped seqs. */
export const reorder: SpoilMode = { sending: 'after-successor' };
