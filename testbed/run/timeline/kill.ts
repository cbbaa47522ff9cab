import type { Kill } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';
import { eachPart, startAgain } from './each-part.ts';

/** How long a killed part stays down before it is started again. */
export const restartAfterMs = 2000;

/** SIGKILL, and a start again 2 s later unless the scenario says never. */
export const kill: Action<Kill> = {
  perform(entry, scene, report) {
    return eachPart(entry.targets, scene, async (part, name) => {
      await part.kill();
      const fault = report.begun(name);
      if (entry.restart === 'never') return;
      await startAgain(part, scene, restartAfterMs);
      if (scene.stopping()) return;
      report.ended(fault);
    });
  },
};
