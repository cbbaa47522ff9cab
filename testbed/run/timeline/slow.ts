import type { Slow } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

/** Every byte of a link is late for a time. */
export const slow: Action<Slow> = {
  async perform(entry, scene, report) {
    const proxy = scene.proxy(entry.link);
    proxy.slow(entry.latencyMs, entry.jitterMs);
    const fault = report.begun(entry.link.name);
    await scene.wait(entry.forMs);
    proxy.clear();
    report.ended(fault);
  },
};
