import type { SpoilMode } from './spoil.ts';

/** The same bytes a second time, as a PUBLISH of its own. The edge recognises it, so nobody has to be told. */
export const duplicate: SpoilMode = { sending: 'twice' };
