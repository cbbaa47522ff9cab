import type { Block } from '#simulator/generate/block.ts';
import type { TruthRow } from '#simulator/generate/truth-row.ts';

/** Where what is generated goes: two files, or two topics. */
export interface Target {
  /** In the order of cars. @throws UserError when it cannot be taken */
  write(block: Block): Promise<void>;
  truths(rows: readonly TruthRow[]): Promise<void>;
  /** All is written. @returns what is there now, a line each */
  finish(): Promise<string[]>;
  /** It ends early. @returns what is there all the same, in words */
  discard(): Promise<string>;
}
