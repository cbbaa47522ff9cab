import { signalIndex, signals, type SignalName } from '#contract/signals.ts';
import { hasSignal } from '../population/profiles.ts';
import type { Chance } from './chance.ts';
import type { Course, FailureMode } from './failure.ts';

/** How far a bad sensor of each kind is off at severity 1, in the signal's unit: gross, but not yet implausible. */
const size: Record<SignalName, number> = {
  speed: 40,
  engineSpeed: 800,
  throttlePosition: 25,
  manifoldPressure: 30,
  massAirFlow: 25,
  intakeAirTemperature: 30,
  coolantTemperature: 30,
  oilTemperature: 30,
  oilPressure: 200,
  shortTermFuelTrim: 20,
  longTermFuelTrim: 20,
  lambda: 0.25,
  catalystTemperature: 200,
  batteryVoltage: 1.5,
  batteryCurrent: 20,
  vibrationRms: 5,
  vibrationKurtosis: 3,
  ambientTemperature: 15,
  ambientPressure: 10,
  gear: 2,
};

/** @returns what is reported instead of `value`, before it is rounded to counts and held within the sensor's range */
export type Distortion = (value: number, wear: number, simTime: number) => number;

export interface SensorFault {
  course: Course;
  heldReadings?: number;
  /** @param size how far such a sensor is off at severity 1, in the signal's unit */
  distortion: (size: number, chance: Chance) => Distortion;
}

/** A fault of one sensor: the car itself is well, and does not act on what is reported. */
export function sensorFault({ course, heldReadings, distortion }: SensorFault): FailureMode {
  return {
    course,
    lacks: (profile, sensor) => (hasSignal(profile, sensor) ? undefined : 'that sensor'),
    inCar: (failure, chance) => {
      const index = signalIndex[failure.sensor];
      const { resolution, range } = signals[index]!;
      const distort = distortion(size[failure.sensor], chance);
      return {
        signals: [failure.sensor],
        ...(heldReadings !== undefined && { heldReadings }),
        report: (wear, columns, reading, simTime) => {
          const column = columns[index]!;
          const value = column[reading]!;
          if (Number.isNaN(value)) return;
          const seen = distort(value, wear, simTime);
          // What was reported is a count already; only what was changed is counted anew.
          if (seen === value) return;
          const counted = Math.round(seen / resolution) * resolution;
          column[reading] = Math.max(range.min, Math.min(range.max, counted));
        },
      };
    },
  };
}
