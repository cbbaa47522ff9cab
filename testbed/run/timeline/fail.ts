import type { Fail } from '../../scenario/scenario.ts';
import { plural } from '../../verdict/figures.ts';
import type { Action } from './action.ts';

/** The simulators let their cars fail by themselves, at this very time: here it is only told. */
export const fail: Action<Fail> = {
  perform(entry, _scene, report) {
    report.ended(report.begun(`${entry.failure} (${plural(entry.cars, 'car')})`));
    return Promise.resolve();
  },
};
