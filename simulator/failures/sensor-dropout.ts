import { sensorFault } from './sensor-fault.ts';

/** A contact is open for so long at a time. */
const openMs = 5000;
/** Share of the time that it is open at the onset. */
const firstShare = 0.05;

/** A contact that opens, for seconds at first, at last for good: the signal is absent (NaN) meanwhile. */
export const sensorDropout = sensorFault({
  course: { a: 1, b: 1 },
  // Nothing that is well is absent.
  heldReadings: 1,
  distortion: (_, chance) => (value, wear, simTime) => {
    const isOpen = chance.uniform(Math.floor(simTime / openMs)) < firstShare + (1 - firstShare) * wear;
    return isOpen ? Number.NaN : value;
  },
});
