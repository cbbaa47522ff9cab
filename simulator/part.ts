/**
 * A part of a car's state. A shard works on one car at a time: its numbers are loaded from the shard's memory into
 * the parts, the parts step, and the numbers go back. So state costs 8 bytes a number and a reading allocates nothing.
 */
export interface Part {
  /** Numbers that it keeps. */
  readonly size: number;
  load(memory: Float64Array, at: number): void;
  store(memory: Float64Array, at: number): void;
}
