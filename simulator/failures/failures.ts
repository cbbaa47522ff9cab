import { kindOf } from '#contract/failures.ts';
import { airFilterClogging } from './air-filter-clogging.ts';
import { alternatorFailing } from './alternator-failing.ts';
import { bearingWear } from './bearing-wear.ts';
import { boostLeak } from './boost-leak.ts';
import { catalystAgeing } from './catalyst-ageing.ts';
import { coolantLoss } from './coolant-loss.ts';
import type { FailureMode } from './failure.ts';
import { headGasketLeak } from './head-gasket-leak.ts';
import { hotDay } from './hot-day.ts';
import { injectorClogging } from './injector-clogging.ts';
import { jumpStart } from './jump-start.ts';
import { misfire } from './misfire.ts';
import { oilPressureLoss } from './oil-pressure-loss.ts';
import { sensorBias } from './sensor-bias.ts';
import { sensorDrift } from './sensor-drift.ts';
import { sensorDropout } from './sensor-dropout.ts';
import { sensorNoise } from './sensor-noise.ts';
import { sensorSpike } from './sensor-spike.ts';
import { sensorStuck } from './sensor-stuck.ts';
import { signalEffect } from './signal-effect.ts';
import { sportDriving } from './sport-driving.ts';
import { steepGrade } from './steep-grade.ts';
import { thermostatStuckOpen } from './thermostat-stuck-open.ts';
import { trailer } from './trailer.ts';
import { turboWear } from './turbo-wear.ts';

/** Every failure, sensor fault and confounder by its id in contract/failures.ts, in that table's order. */
export const failureModes = {
  'thermostat-stuck-open': thermostatStuckOpen,
  'coolant-loss': coolantLoss,
  misfire,
  'oil-pressure-loss': oilPressureLoss,
  'bearing-wear': bearingWear,
  'boost-leak': boostLeak,
  'injector-clogging': injectorClogging,
  'alternator-failing': alternatorFailing,
  'catalyst-ageing': catalystAgeing,
  'air-filter-clogging': airFilterClogging,
  'head-gasket-leak': headGasketLeak,
  'turbo-wear': turboWear,
  'sensor-stuck': sensorStuck,
  'sensor-bias': sensorBias,
  'sensor-drift': sensorDrift,
  'sensor-spike': sensorSpike,
  'sensor-dropout': sensorDropout,
  'sensor-noise': sensorNoise,
  'hot-day': hotDay,
  trailer,
  'steep-grade': steepGrade,
  'jump-start': jumpStart,
  'sport-driving': sportDriving,
} as const satisfies Record<string, FailureMode>;

export type FailureId = keyof typeof failureModes;

export const failureIds = Object.keys(failureModes) as [FailureId, ...FailureId[]];

/** What is laid over recorded signals alone, beside the sensors' faults. */
const overlays = { 'signal-effect': signalEffect } as const satisfies Record<string, FailureMode>;

export type OverlayId = keyof typeof overlays;

/** Whatever a timeline may let cars have. */
export const failIds = [...failureIds, ...(Object.keys(overlays) as OverlayId[])] as const;

export function modeOf(id: FailureId | OverlayId): FailureMode {
  return { ...failureModes, ...overlays }[id];
}

/** Recorded cars have no physics: only what is reported can be changed. */
export function canBeLaidOver(id: FailureId | OverlayId): boolean {
  return id in overlays || kindOf(id) === 'sensor';
}
