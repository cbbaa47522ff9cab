import type { TimelineEntry } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

/** How long a killed part stays down before it is started again. */
export const restartAfterMs = 2000;

/** SIGKILL, and a start again 2 s later unless the scenario says never. */
export const kill: Action<Extract<TimelineEntry, { action: 'kill' }>> = {
  async perform(entry, scene, report) {
    await Promise.all(
      entry.targets.map(async (name) => {
        const part = scene.part(name);
        await part.kill();
        const fault = report.begun(name);
        if (entry.restart === 'never') return;
        await scene.wait(restartAfterMs);
        if (scene.stopping()) return;
        await part.start();
        report.ended(fault);
      }),
    );
  },
};
