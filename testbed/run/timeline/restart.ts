import type { Restart } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';
import { eachPart, startAgain } from './each-part.ts';

/** More than a component takes for itself (its drainTimeout): SIGKILL is for one that hangs. */
const drainPatienceMs = 15_000;

/** An end in order, as in a rollout: SIGTERM, the part drains, and starts again as soon as it is gone. */
export const restart: Action<Restart> = {
  perform(entry, scene, report) {
    return eachPart(entry.targets, scene, async (part, name) => {
      const fault = report.begun(name);
      // A run that is being stopped has less patience, and stops the part itself.
      await Promise.race([part.stop(drainPatienceMs), scene.stopped]);
      if (scene.stopping()) return;
      await startAgain(part, scene);
      report.ended(fault);
    });
  },
};
