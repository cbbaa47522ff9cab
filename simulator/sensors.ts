import { signalCount, signals, type SignalName } from '#contract/signals.ts';
import type { RandomStream } from './random.ts';

/** Noise of each sensor, one standard deviation: a part in the signal's unit and a part of the value. */
const noise: Record<SignalName, readonly [absolute: number, relative: number]> = {
  speed: [0, 0.003],
  engineSpeed: [0, 0.004],
  throttlePosition: [0.15, 0],
  manifoldPressure: [0.3, 0.003],
  massAirFlow: [0, 0.012],
  intakeAirTemperature: [0.2, 0],
  coolantTemperature: [0.2, 0],
  oilTemperature: [0.25, 0],
  oilPressure: [0, 0.012],
  shortTermFuelTrim: [0.1, 0],
  longTermFuelTrim: [0, 0],
  lambda: [0.002, 0],
  catalystTemperature: [1.2, 0],
  batteryVoltage: [0.015, 0],
  batteryCurrent: [0.2, 0.01],
  vibrationRms: [0, 0.04],
  vibrationKurtosis: [0, 0.04],
  ambientTemperature: [0.15, 0],
  ambientPressure: [0.03, 0],
  gear: [0, 0],
};

const absolute = Float64Array.from(signals, (signal) => noise[signal.name][0]);
const relative = Float64Array.from(signals, (signal) => noise[signal.name][1]);
const resolution = Float64Array.from(signals, (signal) => signal.resolution);
const lowest = Float64Array.from(signals, (signal) => signal.range.min);
const highest = Float64Array.from(signals, (signal) => signal.range.max);

/**
 * How far what is reported may lie from what a healthy car would report, in the signal's unit: three standard
 * deviations of its noise, and one count.
 */
export function healthySpread(signal: number, value: number): number {
  return 3 * (absolute[signal]! + relative[signal]! * Math.abs(value)) + resolution[signal]!;
}

/**
 * What the sensors report of the true values: with noise, in steps of their resolution, within their range. Every
 * signal draws its noise, also one that the car lacks (NaN stays NaN), so that the stream keeps step.
 */
export function readSensors(
  values: Float64Array,
  columns: readonly Float32Array[],
  reading: number,
  random: RandomStream,
): void {
  for (let signal = 0; signal < signalCount; signal++) {
    const value = values[signal]!;
    const spread = absolute[signal]! + relative[signal]! * Math.abs(value);
    const step = resolution[signal]!;
    const seen = Math.round((value + spread * random.noise()) / step) * step;
    columns[signal]![reading] = Math.max(lowest[signal]!, Math.min(highest[signal]!, seen));
  }
}
