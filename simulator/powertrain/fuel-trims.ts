import type { Part } from '../part.ts';

/** No engine control corrects by more, %. */
const most = 25;
/** The control's own time, and that of its tables. */
const shortSeconds = 1.5;
const longSeconds = 180;
/** Loads at which one table field ends and the next begins. */
const fields = [0.2, 0.5] as const;

/**
 * Lambda control: the short trim follows lambda's deviation until it is gone, the long one learns what the short one has
 * to hold for long, in one field for each of three loads (Bosch Automotive Handbook, "Lambda closed-loop control").
 */
export class FuelTrims implements Part {
  readonly size = 5;
  /** %; SAE J1979: more fuel above 0. */
  short = 0;
  long = 0;
  #idle = 0;
  #middle = 0;
  #full = 0;

  /** Learnt on earlier drives. */
  begin(learnt: number): void {
    this.short = 0;
    this.long = learnt;
    this.#idle = learnt;
    this.#middle = learnt;
    this.#full = learnt;
  }

  /**
   * @param needed sum of both trims at which lambda would be 1, %
   * @param closed the loop is closed; the short trim is 0 otherwise
   */
  step(dt: number, needed: number, loadShare: number, closed: boolean, learns: boolean): void {
    let long = loadShare < fields[0] ? this.#idle : loadShare < fields[1] ? this.#middle : this.#full;
    if (closed) {
      const missing = needed - long - this.short;
      this.short = clamp(this.short + (missing * dt) / (shortSeconds + dt));
    } else this.short = 0;
    if (learns) {
      long = clamp(long + (this.short * dt) / (longSeconds + dt));
      if (loadShare < fields[0]) this.#idle = long;
      else if (loadShare < fields[1]) this.#middle = long;
      else this.#full = long;
    }
    this.long = long;
  }

  load(memory: Float64Array, at: number): void {
    this.short = memory[at]!;
    this.long = memory[at + 1]!;
    this.#idle = memory[at + 2]!;
    this.#middle = memory[at + 3]!;
    this.#full = memory[at + 4]!;
  }

  store(memory: Float64Array, at: number): void {
    memory[at] = this.short;
    memory[at + 1] = this.long;
    memory[at + 2] = this.#idle;
    memory[at + 3] = this.#middle;
    memory[at + 4] = this.#full;
  }
}

function clamp(trim: number): number {
  return Math.max(-most, Math.min(most, trim));
}
