import { signalIndex } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { UserError } from '#runtime/errors.ts';
import { quantileOf } from './residuals.ts';
import type { Vehicle } from './vehicles.ts';

/** What a detector needs to learn from. */
export const leastVehicles = 20;
export const leastMedianMinutes = 5;
/** Of the readings, on the road; and how much the engine's speed varies over them, as a standard deviation. */
const leastMovingShare = 0.05;
const leastEngineSpeedDeviation = 50;
const movingKmh = 5;

/** The history cannot teach a detector. Says what there was and what is needed. */
export class TooLittleHistory extends UserError {
  override name = 'TooLittleHistory';

  constructor(message: string) {
    super('component', `too little history to learn from: ${message}`);
  }
}

/** Looks at all readings of a history: how many, of whom, and whether cars really drove. */
export class Survey {
  #readings = 0;
  /** Readings that have a speed. */
  #speeds = 0;
  #moving = 0;
  readonly #engineSpeed = new Spread();
  /** Of the cars' own time, by a vehicle's slot. */
  readonly #simulatedMs: number[] = [];

  get readings(): number {
    return this.#readings;
  }

  get vehicles(): number {
    return this.#simulatedMs.length;
  }

  see(vehicle: Vehicle, batch: TelemetryBatch): void {
    const speeds = batch.columns[signalIndex.speed] ?? [];
    const engineSpeeds = batch.columns[signalIndex.engineSpeed] ?? [];
    this.#readings += speeds.length;
    this.#simulatedMs[vehicle.slot] =
      (this.#simulatedMs[vehicle.slot] ?? 0) + speeds.length * batch.intervalMs;
    for (const speed of speeds) {
      if (!Number.isNaN(speed)) this.#speeds++;
      if (speed >= movingKmh) this.#moving++;
    }
    for (const engineSpeed of engineSpeeds) this.#engineSpeed.add(engineSpeed);
  }

  /** @throws TooLittleHistory */
  assertEnough(): void {
    const { vehicles } = this;
    if (vehicles < leastVehicles) {
      throw new TooLittleHistory(
        `${countOf(vehicles, 'vehicle')} with ${countOf(this.#readings, 'reading')}; ${leastVehicles} vehicles are needed`,
      );
    }
    const minutes = quantileOf(Float64Array.from(this.#simulatedMs).sort(), 0.5) / 60_000;
    if (minutes < leastMedianMinutes) {
      throw new TooLittleHistory(
        `the median of ${vehicles} vehicles drove ${minutes.toFixed(1)} minutes of its own time; ` +
          `${leastMedianMinutes} are needed`,
      );
    }
    for (const [name, reported] of [
      ['speed', this.#speeds],
      ['engineSpeed', this.#engineSpeed.count],
    ] as const) {
      if (reported === 0)
        throw new TooLittleHistory(`no vehicle reports ${name}; without it nothing is known`);
    }
    const moving = this.#moving / this.#readings;
    if (moving < leastMovingShare) {
      throw new TooLittleHistory(
        `cars move in ${percent(moving)} of ${this.#readings} readings; ${percent(leastMovingShare)} are needed`,
      );
    }
    const deviation = this.#engineSpeed.deviation;
    if (deviation < leastEngineSpeedDeviation) {
      throw new TooLittleHistory(
        `engineSpeed hardly changes (by ${deviation.toFixed(0)} rpm, one standard deviation); ` +
          `${leastEngineSpeedDeviation} rpm are needed`,
      );
    }
  }
}

/** Standard deviation of numbers as they come (Welford); NaN left out, 0 before the first. */
class Spread {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    if (Number.isNaN(value)) return;
    this.#count++;
    const before = value - this.#mean;
    this.#mean += before / this.#count;
    this.#squares += before * (value - this.#mean);
  }

  /** Numbers that there were. */
  get count(): number {
    return this.#count;
  }

  get deviation(): number {
    return this.#count === 0 ? 0 : Math.sqrt(this.#squares / this.#count);
  }
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
