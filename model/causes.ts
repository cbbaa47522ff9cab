import type { SignalName } from '#contract/signals.ts';

/** Where the signal lies as seen from what it should be. */
export type Direction = 'high' | 'low';

export interface Cause {
  /** Diagnostic trouble code (SAE J2012); null where no standard code says it. */
  dtc: string | null;
  cause: 'engine' | 'sensor';
}

/** Codes where the signal says that the engine fails: as contract/failures.ts where it knows the failure. */
const engineCodes: Partial<Record<SignalName, Record<Direction, string | null>>> = {
  // coolant-loss; thermostat-stuck-open
  coolantTemperature: { high: 'P0217', low: 'P0128' },
  oilTemperature: { high: 'P0298', low: null },
  // The other way is a valve that sticks: no standard code.
  oilPressure: { high: null, low: 'P0524' },
  // boost-leak
  manifoldPressure: { high: 'P0234', low: 'P0299' },
  // air-filter-clogging
  massAirFlow: { high: 'P0101', low: 'P0101' },
  // injector-clogging
  shortTermFuelTrim: { high: 'P0171', low: 'P0172' },
  longTermFuelTrim: { high: 'P0171', low: 'P0172' },
  // misfire: what leaves the engine unburnt burns there; catalyst-ageing
  catalystTemperature: { high: 'P0300', low: 'P0420' },
  // alternator-failing
  batteryVoltage: { high: 'P0563', low: 'P0562' },
  // misfire
  vibrationRms: { high: 'P0300', low: null },
  // bearing-wear
  vibrationKurtosis: { high: null, low: null },
};

/** Codes for "range/performance": the sensor answers, but not to what the engine does. */
const sensorCodes: Partial<Record<SignalName, string>> = {
  coolantTemperature: 'P0116',
  oilTemperature: 'P0196',
  oilPressure: 'P0521',
  manifoldPressure: 'P0106',
  massAirFlow: 'P0101',
  intakeAirTemperature: 'P0111',
  throttlePosition: 'P0121',
  lambda: 'P0131',
  catalystTemperature: 'P0426',
  ambientTemperature: 'P0071',
};

/** Its sensor can be told from the engine: what it measures neither stands still nor leaps by itself. */
export function hasSensorCode(signal: SignalName): boolean {
  return sensorCodes[signal] !== undefined;
}

/** What an alarm of this signal says about the car. A value that stands still while the engine moves, or leaps, is its sensor's. */
export function causeOf(signal: SignalName, direction: Direction, isSensor: boolean): Cause {
  const engine = engineCodes[signal];
  if (isSensor || !engine) return { dtc: sensorCodes[signal] ?? null, cause: 'sensor' };
  return { dtc: engine[direction], cause: 'engine' };
}
