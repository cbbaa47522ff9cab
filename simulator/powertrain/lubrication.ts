import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { Engine } from './engine.ts';
import type { Heat } from './heat.ts';

/**
 * Oil pressure, kPa: a gear pump's flow rises with speed, thin (hot) oil leaks through the bearings, a relief valve
 * caps what is left.
 */
export function oilPressure(engine: Engine, heat: Heat, profile: Profile, build: Build): number {
  if (!engine.running) return 0;
  const thickness = Math.max(0.75, Math.min(3, Math.exp((95 - heat.oil) / 70)));
  const pumped = (60 + 0.115 * engine.rpm) * thickness * build.oilFactor;
  const over = pumped - profile.oilReliefKpa;
  return over > 0 ? profile.oilReliefKpa + 0.06 * over : pumped;
}
