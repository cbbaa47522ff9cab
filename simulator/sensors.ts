import { signalCount, signals, type SignalName } from '#contract/signals.ts';
import type { Part } from './part.ts';
import type { RandomStream } from './random.ts';

/**
 * How a sensor errs: its lag (first order, time constant in s), and its noise, one standard deviation: a part in the
 * signal's unit and a part of the value. Range and resolution stand in contract/signals.ts, because whoever reads the
 * wire needs them to know a plausible value and a count; lag and noise are how the simulated sensors come by their
 * values, which no reader may know.
 *
 * Lags: a thermistor in water or oil some seconds, in air more, behind a bumper a minute; a sheathed thermocouple in
 * exhaust gas some seconds (Bosch Automotive Handbook, "Sensors"); a wide-range lambda sensor and the way of the gas to it
 * a third of a second; membranes and hot films far less than a reading.
 */
const table: Record<SignalName, readonly [lagSeconds: number, absolute: number, relative: number]> = {
  speed: [0, 0, 0.003],
  engineSpeed: [0, 0, 0.004],
  throttlePosition: [0, 0.15, 0],
  manifoldPressure: [0, 0.3, 0.003],
  massAirFlow: [0, 0, 0.012],
  intakeAirTemperature: [8, 0.2, 0],
  coolantTemperature: [4, 0.2, 0],
  oilTemperature: [6, 0.25, 0],
  oilPressure: [0.1, 0, 0.012],
  shortTermFuelTrim: [0, 0.1, 0],
  longTermFuelTrim: [0, 0, 0],
  lambda: [0.3, 0.002, 0],
  catalystTemperature: [4, 1.2, 0],
  batteryVoltage: [0, 0.015, 0],
  batteryCurrent: [0, 0.2, 0.01],
  vibrationRms: [0, 0, 0.04],
  vibrationKurtosis: [0, 0, 0.04],
  ambientTemperature: [60, 0.15, 0],
  ambientPressure: [0, 0.03, 0],
  gear: [0, 0, 0],
};

const lagSeconds = Float64Array.from(signals, (signal) => table[signal.name][0]);
const absolute = Float64Array.from(signals, (signal) => table[signal.name][1]);
const relative = Float64Array.from(signals, (signal) => table[signal.name][2]);
const resolution = Float64Array.from(signals, (signal) => signal.resolution);
const counts = resolution.map((step) => 1 / step);
const lowest = Float64Array.from(signals, (signal) => signal.range.min);
const highest = Float64Array.from(signals, (signal) => signal.range.max);
/** Of one reading. */
const noise = new Float64Array(signalCount);
/** Signals whose sensors lag. */
const lagging = Int32Array.from([...lagSeconds.keys()].filter((signal) => lagSeconds[signal]! > 0));

/**
 * How far what is reported may lie from what a healthy car would report, in the signal's unit: three standard
 * deviations of its noise, and one count.
 */
export function healthySpread(signal: number, value: number): number {
  return 3 * (absolute[signal]! + relative[signal]! * Math.abs(value)) + resolution[signal]!;
}

/** The sensors of one car: what those that lag have followed so far. */
export class Sensors implements Part {
  readonly size = lagging.length;
  readonly #followed = new Float64Array(lagging.length);
  /** For readings so far apart, the part of the way that each goes. */
  readonly #gains = new Float64Array(lagging.length);
  #intervalMs = Number.NaN;

  /** All have stood in these values for long. */
  begin(values: Float64Array): void {
    for (let n = 0; n < lagging.length; n++) this.#followed[n] = values[lagging[n]!]!;
  }

  /**
   * What the sensors report of the true values: late, with noise, in steps of their resolution, within their range.
   * Every signal draws its noise, also one that the car lacks (NaN stays NaN), so that the stream keeps step. Overwrites
   * the values of sensors that lag.
   */
  read(
    intervalMs: number,
    values: Float64Array,
    columns: readonly Float32Array[],
    reading: number,
    random: RandomStream,
  ): void {
    if (intervalMs !== this.#intervalMs) this.#pace(intervalMs);
    for (let n = 0; n < lagging.length; n++) {
      const signal = lagging[n]!;
      const before = this.#followed[n]!;
      const now = before + (values[signal]! - before) * this.#gains[n]!;
      this.#followed[n] = now;
      values[signal] = now;
    }
    random.noises(noise);
    for (let signal = 0; signal < signalCount; signal++) {
      const value = values[signal]!;
      const spread = absolute[signal]! + relative[signal]! * Math.abs(value);
      // floor, because Math.round costs half a reading.
      const seen =
        Math.floor((value + spread * noise[signal]!) * counts[signal]! + 0.5) * resolution[signal]!;
      // Compared so that NaN stays NaN.
      const most = highest[signal]!;
      const least = lowest[signal]!;
      columns[signal]![reading] = seen > most ? most : seen < least ? least : seen;
    }
  }

  #pace(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    for (let n = 0; n < lagging.length; n++)
      this.#gains[n] = 1 - Math.exp(-intervalMs / 1000 / lagSeconds[lagging[n]!]!);
  }

  load(memory: Float64Array, at: number): void {
    for (let n = 0; n < lagging.length; n++) this.#followed[n] = memory[at + n]!;
  }

  store(memory: Float64Array, at: number): void {
    for (let n = 0; n < lagging.length; n++) memory[at + n] = this.#followed[n]!;
  }
}
