import type { ToEdge } from '#contract/control.ts';
import type { DiskFull } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

const full: ToEdge = { type: 'disk', full: true };
const roomy: ToEdge = { type: 'disk', full: false };

/** The disks of one or more edges are full for a time. The disk outlives the process: an edge that comes back hears it again. */
export const diskFull: Action<DiskFull> = {
  async perform(entry, scene, report) {
    const begun = entry.disks.map((name) => {
      const edge = scene.edge(name);
      const takeBack = edge.keepTelling(() => full);
      return { edge, takeBack, fault: report.begun(name) };
    });
    await scene.wait(entry.forMs);
    for (const { edge, takeBack, fault } of begun) {
      takeBack();
      edge.send(roomy);
      report.ended(fault);
    }
  },
};
