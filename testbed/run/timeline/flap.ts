import type { Flap } from '../../scenario/scenario.ts';
import type { Action } from './action.ts';

/** A link is cut and healed again and again; one fault from the first cut to the end. */
export const flap: Action<Flap> = {
  async perform(entry, scene, report) {
    const proxy = scene.proxy(entry.link);
    const fault = report.begun(entry.link.name);
    for (let leftMs = entry.forMs; leftMs > 0 && !scene.stopping(); leftMs -= entry.downMs + entry.upMs) {
      await proxy.cut();
      await scene.wait(Math.min(entry.downMs, leftMs));
      await proxy.open();
      await scene.wait(Math.min(entry.upMs, leftMs - entry.downMs));
    }
    report.ended(fault);
  },
};
