import type { Build } from '../population/build.ts';
import type { Profile } from '../population/profiles.ts';
import type { Engine } from './engine.ts';
import type { Health } from './health.ts';
import type { Heat } from './heat.ts';

/** Kinematic viscosity of SAE 5W-30 engine oil, mm2/s, at two temperatures, degC (typical data sheet). */
const warm = { at: 40, viscosity: 63 };
const hot = { at: 100, viscosity: 10.7 };
/** Of the viscosity, what bearings' leakage feels: pressure rises with it, less than in proportion. */
const exponent = 0.45;
/** Thicker oil than this hardly gets to the pump. */
const thickest = 4;
const referenceC = 95;

const coldest = -40;
const hottest = 200;
/** By whole degree from `coldest`, beside the reference's. */
const thickness = Float64Array.from({ length: hottest - coldest + 2 }, (_, n) =>
  Math.min(thickest, (viscosity(coldest + n) / viscosity(referenceC)) ** exponent),
);

/** ASTM D341: log log (v + 0.7) = a - b log T. */
function viscosity(celsius: number): number {
  const inner = (v: number): number => Math.log(Math.log(v + 0.7));
  const kelvin = (at: number): number => Math.log(at + 273.15);
  const slope = (inner(warm.viscosity) - inner(hot.viscosity)) / (kelvin(warm.at) - kelvin(hot.at));
  const inside = inner(warm.viscosity) + slope * (kelvin(celsius) - kelvin(warm.at));
  return Math.exp(Math.exp(inside)) - 0.7;
}

/**
 * Oil pressure, kPa: a gear pump's flow rises with speed, thin (hot) oil leaks through the bearings, a worn one leaks
 * more, a relief valve caps what is left.
 */
export function oilPressure(
  engine: Engine,
  heat: Heat,
  profile: Profile,
  build: Build,
  health: Health,
): number {
  if (!engine.running) return 0;
  const degree = Math.max(0, Math.min(hottest - coldest, heat.oil - coldest));
  const below = Math.floor(degree);
  const thick = thickness[below]! + (thickness[below + 1]! - thickness[below]!) * (degree - below);
  const clearance = 1 - 0.2 * health.bearingWear;
  const pumped = (60 + 0.115 * engine.rpm) * thick * build.oilFactor * health.oilPumpFactor * clearance;
  const over = pumped - profile.oilReliefKpa;
  return over > 0 ? profile.oilReliefKpa + 0.06 * over : pumped;
}
