import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { Engine } from './engine.ts';
import type { Health } from './health.ts';
import type { Motion } from './motion.ts';

/** Kurtosis of a healthy block: that of a normal distribution. */
const normalKurtosis = 3;
/** How far impacts that are all there is would raise it, and a block that misfires. */
const impactKurtosis = 24;
const misfireKurtosis = 3;

/** What an accelerometer on the block makes of engine orders, impacts and the road. */
export class Vibration {
  /** Root mean square, m/s2. */
  rms = 0;
  /** Fourth moment over the variance's square; impacts (bearings, knock) raise it. */
  kurtosis = normalKurtosis;

  observe(engine: Engine, motion: Motion, profile: Profile, build: Build, health: Health): void {
    const road = 0.05 + 0.04 * motion.speed;
    if (!engine.running) {
      this.rms = road;
      this.kurtosis = normalKurtosis;
      return;
    }
    const relative = engine.rpm / 3000;
    const rough = build.roughness * (profile.fuel === 'diesel' ? 1.5 : 1);
    // Firing order: gas forces go with load. Second order: masses go with speed squared, the block damps some of it.
    const firing = rough * (1 + 1.2 * engine.loadShare + 0.8 * relative);
    const masses = rough * 1.9 * relative * Math.sqrt(relative);
    // Half order: a cylinder that fails shakes the block once in two turns.
    const half = rough * 7 * engine.misfire;
    const smooth = firing * firing + masses * masses + road * road;
    const impact = 2.6 * health.bearingWear * (0.4 + relative);
    const impacts = impact * impact;
    const variance = smooth + half * half + impacts;
    this.rms = Math.sqrt(variance);
    const share = impacts / variance;
    this.kurtosis =
      normalKurtosis + impactKurtosis * share * (1 - share) + (misfireKurtosis * half * half) / variance;
  }
}
