import { failures, type FailureKind } from '#contract/failures.ts';
import type { SignalName } from '#contract/signals.ts';
import type { FailureId } from '#simulator/failures/failures.ts';

/** One picture: a car that fails in this way, and the signals that tell it. */
export interface Scene {
  id: FailureId;
  kind: FailureKind;
  profile: string;
  start: 'warm' | 'parked';
  /** Which car of the fleet: each drives a road of its own. */
  car: number;
  severity: number;
  sensor: SignalName;
  /** Two or three; those beside the failing ones show what the car is doing. */
  signals: readonly SignalName[];
}

type Told = Partial<Omit<Scene, 'id' | 'kind' | 'signals'>> & { signals: Scene['signals'] };

const told: Record<FailureId, Told> = {
  'thermostat-stuck-open': { signals: ['coolantTemperature', 'oilTemperature', 'oilPressure'], car: 6 },
  'coolant-loss': { signals: ['coolantTemperature', 'oilTemperature', 'oilPressure'] },
  misfire: { signals: ['vibrationKurtosis', 'catalystTemperature', 'longTermFuelTrim'], car: 13 },
  'oil-pressure-loss': { signals: ['oilPressure', 'engineSpeed'] },
  'bearing-wear': { signals: ['vibrationKurtosis', 'vibrationRms', 'oilPressure'] },
  'boost-leak': { signals: ['manifoldPressure', 'massAirFlow', 'speed'], profile: 'diesel' },
  'injector-clogging': { signals: ['shortTermFuelTrim', 'longTermFuelTrim', 'lambda'] },
  'alternator-failing': { signals: ['batteryVoltage', 'batteryCurrent'] },
  'catalyst-ageing': { signals: ['catalystTemperature', 'massAirFlow'] },
  'air-filter-clogging': {
    ...{ signals: ['manifoldPressure', 'massAirFlow', 'speed'], profile: 'diesel', car: 11 },
  },
  'head-gasket-leak': { signals: ['coolantTemperature', 'oilTemperature', 'manifoldPressure'] },
  'turbo-wear': { signals: ['manifoldPressure', 'massAirFlow', 'speed'], profile: 'diesel' },
  'sensor-stuck': { signals: ['coolantTemperature', 'oilTemperature'], start: 'parked' },
  'sensor-bias': { signals: ['manifoldPressure', 'throttlePosition'], sensor: 'manifoldPressure', car: 1 },
  'sensor-drift': { signals: ['coolantTemperature', 'oilTemperature'] },
  'sensor-spike': { signals: ['coolantTemperature', 'oilTemperature'] },
  'sensor-dropout': { signals: ['oilPressure', 'engineSpeed'], sensor: 'oilPressure' },
  'sensor-noise': { signals: ['massAirFlow', 'manifoldPressure'], sensor: 'massAirFlow' },
  'hot-day': { signals: ['ambientTemperature', 'intakeAirTemperature', 'coolantTemperature'] },
  trailer: { signals: ['massAirFlow', 'catalystTemperature', 'speed'] },
  'steep-grade': { signals: ['manifoldPressure', 'oilTemperature', 'speed'] },
  'jump-start': { signals: ['batteryVoltage', 'batteryCurrent'] },
  'sport-driving': { signals: ['engineSpeed', 'throttlePosition', 'speed'], car: 9 },
};

/** Every failure's picture, in the order of the table of failures. */
export const scenes: readonly Scene[] = failures.map(({ id, kind }): Scene => {
  const known = id as FailureId;
  return {
    ...{ profile: 'petrol', start: 'warm', car: 3, severity: 0.9, sensor: 'coolantTemperature' },
    ...told[known],
    id: known,
    kind,
  };
});
