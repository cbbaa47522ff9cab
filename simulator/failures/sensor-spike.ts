import { sensorFault } from './sensor-fault.ts';

/** Share of readings that are hit: at the onset, and more with all of the wear. */
const firstShare = 0.02;
const moreShare = 0.2;

/** A loose contact: single readings are far off, either way, more of them as it wears. */
export const sensorSpike = sensorFault({
  course: { a: 1, b: 1 },
  // One such reading is beyond all noise, and two in a row are rare.
  heldReadings: 1,
  distortion: (size, chance) => (value, wear, simTime) => {
    if (chance.uniform(simTime) >= firstShare + moreShare * wear) return value;
    const far = (chance.uniform(simTime, 1) - 0.5) * 2;
    return value + size * (Math.sign(far) + 2 * far);
  },
});
