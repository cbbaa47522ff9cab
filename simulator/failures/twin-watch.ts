import { healthySpread } from '../sensors.ts';

/** So many readings in a row lie outside the healthy spread before a failure counts as detectable. */
const usuallyHeld = 3;

/**
 * Holds what a failing car reports against what it would report, had it stayed well: same chance, same road. The first of
 * its signals that leaves the healthy spread, or is absent where it should not be, for so many readings in a row says when
 * the failure can first be seen.
 */
export class TwinWatch {
  /** It can still become detectable. */
  isOpen = true;
  readonly #signals: readonly number[];
  readonly #untilSim: number;
  readonly #held: number;
  /** By place in #signals: readings in a row outside, and when the first of them was. */
  readonly #away: Int32Array;
  readonly #since: Float64Array;

  /** @param signals indices; @param untilSim what begins to show later was never to be seen in time */
  constructor(signals: readonly number[], untilSim: number, held = usuallyHeld) {
    this.#signals = signals;
    this.#untilSim = untilSim;
    this.#held = held;
    this.#away = new Int32Array(signals.length);
    this.#since = new Float64Array(signals.length);
  }

  /** @returns when the failure could first be seen, once it is known, ms on the car's clock */
  look(
    reported: readonly Float32Array[],
    healthy: readonly Float32Array[],
    simTime: number,
    intervalMs: number,
  ): number | undefined {
    const readings = reported[0]?.length ?? 0;
    for (let reading = 0; reading < readings; reading++) {
      const at = simTime + reading * intervalMs;
      for (const [place, signal] of this.#signals.entries()) {
        if (!isAway(signal, reported[signal]![reading]!, healthy[signal]![reading]!)) this.#away[place] = 0;
        else if (++this.#away[place]! === 1) this.#since[place] = at;
        if (this.#away[place]! < this.#held || this.#since[place]! > this.#untilSim) continue;
        this.isOpen = false;
        return this.#since[place];
      }
      if (at > this.#untilSim && !this.#mayStillHold()) {
        this.isOpen = false;
        return undefined;
      }
    }
    return undefined;
  }

  /** Some signal left its spread in time, and has not come back. */
  #mayStillHold(): boolean {
    return this.#away.some((away, place) => away > 0 && this.#since[place]! <= this.#untilSim);
  }
}

function isAway(signal: number, reported: number, well: number): boolean {
  if (Number.isNaN(reported)) return !Number.isNaN(well);
  return Math.abs(reported - well) > healthySpread(signal, well);
}
