import type { RandomStream } from '../random.ts';

/** What is done to single messages: one file beside this one each. None of them draws from the car's random streams. */
export interface SpoilMode {
  /** As usual, a second time, after the message that follows it, or with nothing else on its way. */
  readonly sending: 'once' | 'twice' | 'after-successor' | 'alone';
  /** What is sent instead of the record. @param random of this message alone */
  damage?(record: Buffer, random: RandomStream): Buffer;
}
