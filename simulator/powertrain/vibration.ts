import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { Engine } from './engine.ts';
import type { Motion } from './motion.ts';

/** Kurtosis of a healthy block: that of a normal distribution. Impacts (bearings, knock) raise it. */
export const healthyKurtosis = 3;

/** Root mean square of the block's acceleration, m/s2: engine orders and the road. */
export function vibrationRms(engine: Engine, motion: Motion, profile: Profile, build: Build): number {
  const road = 0.012 * motion.speed * 3.6;
  if (!engine.running) return 0.05 + road;
  const relative = engine.rpm / 3000;
  const firing = 0.9 + 2.2 * relative * Math.sqrt(relative) + 1.2 * engine.loadShare;
  return build.roughness * (profile.fuel === 'diesel' ? 1.5 : 1) * firing + road;
}
