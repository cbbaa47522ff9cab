import type { Bandwidth } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

/** A link carries only so much for a time. */
export const bandwidth: Action<Bandwidth> = {
  async perform(entry, scene, report) {
    const proxy = scene.proxy(entry.link);
    proxy.limit(entry.bytesPerSecond);
    const fault = report.begun(entry.link.name);
    await scene.wait(entry.forMs);
    proxy.clear();
    report.ended(fault);
  },
};
