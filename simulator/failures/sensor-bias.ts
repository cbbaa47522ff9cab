import { sensorFault } from './sensor-fault.ts';

/** A sensor that is off by the same amount all the time, from the onset on: a bad ground, a wrong part. Either way. */
export const sensorBias = sensorFault({
  course: 'at-once',
  distortion: (size, chance) => (value, wear) => value + chance.sign * size * wear,
});
