import { sensorFault } from './sensor-fault.ts';

/** A sensor that ages: off by more and more, either way. */
export const sensorDrift = sensorFault({
  course: { a: 1, b: 1 },
  distortion: (size, chance) => (value, wear) => value + chance.sign * size * wear,
});
