import type { TimelineEntry } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

/** Cuts a link for a time: connections are reset, new ones refused. */
export const cut: Action<Extract<TimelineEntry, { action: 'cut' }>> = {
  async perform(entry, scene, report) {
    const proxy = scene.proxy(entry.link);
    await proxy.cut();
    const fault = report.begun(entry.link.name);
    await scene.wait(entry.forMs);
    await proxy.open();
    report.ended(fault);
  },
};
