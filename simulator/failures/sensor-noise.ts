import { sensorFault } from './sensor-fault.ts';

/** Standard deviation at severity 1, of what a bias of severity 1 would be. */
const noiseShare = 0.3;

/** A sensor that becomes noisy: right on average, wrong each time. */
export const sensorNoise = sensorFault({
  course: { a: 1, b: 1 },
  distortion: (size, chance) => (value, wear, simTime) =>
    value + noiseShare * size * wear * chance.noise(simTime),
});
