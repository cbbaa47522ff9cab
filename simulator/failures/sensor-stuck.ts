import { sensorFault } from './sensor-fault.ts';

/** A sensor that reports for ever what it reported at the onset. Any severity is wholly stuck. */
export const sensorStuck = sensorFault({
  course: 'at-once',
  distortion: () => {
    let stuckAt = Number.NaN;
    return (value) => {
      if (Number.isNaN(stuckAt)) stuckAt = value;
      return stuckAt;
    };
  },
});
