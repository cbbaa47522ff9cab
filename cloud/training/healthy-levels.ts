/** A car is no healthy one when its level rose this many times as high as those of all others but a few like it. */
const outlierFactor = 3;
const outlierShare = 0.02;

/** The highest level of each car, by the name of a threshold. */
export class HealthyLevels {
  readonly #ofCars = new Map<string, number[]>();
  readonly #present = new Map<string, number>();

  /** Of the present car. */
  reach(name: string, level: number): void {
    if (level > (this.#present.get(name) ?? 0)) this.#present.set(name, level);
  }

  /** What comes next is of another car. */
  endCar(): void {
    for (const [name, level] of this.#present) {
      const levels = this.#ofCars.get(name);
      if (levels) levels.push(level);
      else this.#ofCars.set(name, [level]);
    }
    this.#present.clear();
  }

  /**
   * The highest level of all cars that pass for healthy; 0 where none ever rose. A few cars of a history may be failing,
   * and must not set the threshold that would miss them: the top 2 %, when they stand far above the others.
   */
  highest(name: string): number {
    const levels = (this.#ofCars.get(name) ?? []).toSorted((one, other) => other - one);
    for (let left = Math.ceil(outlierShare * levels.length); left > 0; left--) {
      const [lowestOut, highestIn] = [levels[left - 1], levels[left]];
      if (lowestOut !== undefined && highestIn !== undefined && lowestOut > outlierFactor * highestIn) {
        return highestIn;
      }
    }
    return levels[0] ?? 0;
  }
}
