import type { Storm } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

/** All cars of one or more edges lose their connection at once; that they all come back together is the storm. */
export const storm: Action<Storm> = {
  perform(entry, scene, report) {
    for (const link of entry.links) scene.proxy(link).reset();
    for (const link of entry.links) report.ended(report.begun(link.to));
    return Promise.resolve();
  },
};
