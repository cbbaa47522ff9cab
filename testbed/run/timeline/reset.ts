import type { Reset } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

/** Every connection of a link is reset. It is over at once: new ones are taken. */
export const reset: Action<Reset> = {
  perform(entry, scene, report) {
    scene.proxy(entry.link).reset();
    report.ended(report.begun(entry.link.name));
    return Promise.resolve();
  },
};
