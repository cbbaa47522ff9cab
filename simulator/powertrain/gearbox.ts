import type { Profile } from '../population/profiles.ts';

/** Below this the clutch slips. */
const rollingKmh = 4;

/**
 * The gear after this step; shifts up at an engine speed that grows with temper and load, down where the engine would
 * labour or gives all it has. Up and down lie apart, so that it does not hunt.
 */
export function shifted(
  gear: number,
  kmh: number,
  loadShare: number,
  temper: number,
  profile: Profile,
): number {
  if (kmh < rollingKmh) return kmh > 0 ? 1 : 0;
  const ratios = profile.rpmPerKmh;
  const now = Math.max(1, gear);
  const up = Math.min(
    0.92 * profile.redlineRpm,
    profile.upshiftRpm * (1 + 0.35 * temper + 0.9 * loadShare * loadShare),
  );
  const here = kmh * ratios[now - 1]!;
  const higher = kmh * (ratios[now] ?? 0);
  const lower = kmh * (ratios[now - 2] ?? Infinity);
  if (here > up && higher > 1.3 * profile.idleRpm) return now + 1;
  if (here < 1.45 * profile.idleRpm && lower < up) return now - 1;
  if (loadShare > 0.93 && lower < 0.85 * profile.redlineRpm) return now - 1;
  return now;
}
