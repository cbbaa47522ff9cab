import type { Pause } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';
import { eachPart } from './each-part.ts';

/** Processes stand still for a time: their connections stay open, and nothing is answered. */
export const pause: Action<Pause> = {
  perform(entry, scene, report) {
    return eachPart(entry.targets, scene, async (part, name) => {
      await part.pause();
      const fault = report.begun(name);
      await scene.wait(entry.forMs);
      await part.resume();
      report.ended(fault);
    });
  },
};
