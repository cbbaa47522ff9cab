import type { SpoilMode } from './spoil.ts';

/** As long as the longest packet that an edge takes by default, without its header: with the record before it, too long. */
const filler = Buffer.alloc(64 * 1024);

/**
 * The record, and more bytes behind it than an edge takes: it closes the connection as soon as it has read the length. The
 * message is given up then, and goes alone, so that no other shares its fate.
 */
export const oversize: SpoilMode = {
  sending: 'alone',
  damage: (record) => Buffer.concat([record, filler]),
};
