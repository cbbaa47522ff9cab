import type { Spoil } from '../../scenario/scenario.ts';
import { spoiledCars } from '../../scenario/spoils.ts';
import type { Action } from './action.ts';

/** The simulators spoil what their cars send by themselves, in this very time: here it is only told. */
export const spoil: Action<Spoil> = {
  async perform(entry, scene, report) {
    const fault = report.begun(spoiledCars(entry));
    await scene.wait(entry.forMs);
    report.ended(fault);
  },
};
