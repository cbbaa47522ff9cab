import type { SignalName } from './signals.ts';

/** What can go wrong with a car, and the diagnostic trouble code (SAE J2012) that a workshop would read. */
export type FailureKind = 'engine' | 'sensor' | 'benign';

export interface Failure {
  id: string;
  kind: FailureKind;
  /** null where no standard code exists. Of a sensor fault: that of the coolant sensor; dtcOf() knows the others'. */
  dtc: string | null;
}

const engine = (id: string, dtc: string | null): Failure => ({ id, kind: 'engine', dtc });
const sensor = (id: string, dtc: string | null): Failure => ({ id, kind: 'sensor', dtc });
const benign = (id: string): Failure => ({ id, kind: 'benign', dtc: null });

/** Every failure, sensor fault and benign confounder by its id. */
export const failures: readonly Failure[] = [
  engine('thermostat-stuck-open', 'P0128'),
  engine('coolant-loss', 'P0217'),
  engine('misfire', 'P0300'),
  engine('oil-pressure-loss', 'P0524'),
  engine('bearing-wear', null),
  engine('boost-leak', 'P0299'),
  engine('injector-clogging', 'P0171'),
  engine('alternator-failing', 'P0562'),
  engine('catalyst-ageing', 'P0420'),
  engine('air-filter-clogging', 'P0101'),
  engine('head-gasket-leak', null),
  engine('turbo-wear', null),
  sensor('sensor-stuck', 'P0116'),
  sensor('sensor-bias', 'P0116'),
  sensor('sensor-drift', 'P0116'),
  sensor('sensor-spike', 'P0118'),
  sensor('sensor-dropout', 'P0118'),
  sensor('sensor-noise', 'P0116'),
  benign('hot-day'),
  benign('trailer'),
  benign('steep-grade'),
  benign('jump-start'),
  benign('sport-driving'),
];

/**
 * Codes by sensor, as SAE J2012 (digital annex, J2012-DA) has them. `range`: range/performance, the sensor answers but not
 * to what the car does. `open`: its circuit is open, which reads high on a resistor that falls with temperature, low on
 * most others. null: no standard code; fuel trims and the gear are computed, the vibration sensor is not a knock sensor.
 */
const sensorCodes: Record<SignalName, { range: string; open: string } | null> = {
  speed: { range: 'P0501', open: 'P0500' },
  engineSpeed: { range: 'P0336', open: 'P0335' },
  throttlePosition: { range: 'P0121', open: 'P0122' },
  manifoldPressure: { range: 'P0106', open: 'P0107' },
  massAirFlow: { range: 'P0101', open: 'P0102' },
  intakeAirTemperature: { range: 'P0111', open: 'P0113' },
  coolantTemperature: { range: 'P0116', open: 'P0118' },
  oilTemperature: { range: 'P0196', open: 'P0198' },
  oilPressure: { range: 'P0521', open: 'P0522' },
  shortTermFuelTrim: null,
  longTermFuelTrim: null,
  lambda: { range: 'P0130', open: 'P0134' },
  catalystTemperature: { range: 'P0426', open: 'P0428' },
  batteryVoltage: { range: 'P0560', open: 'P0560' },
  batteryCurrent: null,
  vibrationRms: null,
  vibrationKurtosis: null,
  ambientTemperature: { range: 'P0071', open: 'P0073' },
  ambientPressure: { range: 'P2227', open: 'P2228' },
  gear: null,
};

/** A contact that opens, for a moment or for good. */
const opens: ReadonlySet<string> = new Set(['sensor-spike', 'sensor-dropout']);

/** What is laid over recorded signals: it stands for a failure of which only one signal's change is known. */
const laidOver: Failure = { id: 'signal-effect', kind: 'engine', dtc: null };

const byId = new Map([...failures, laidOver].map((failure) => [failure.id, failure]));

/**
 * The code that a workshop would read. @param signal whose sensor, where the failure is a sensor's
 * @throws RangeError for an id that is not in the table
 */
export function dtcOf(id: string, signal: SignalName): string | null {
  const failure = byId.get(id);
  if (!failure) throw new RangeError(`${id} is not in the table of failures`);
  if (failure.kind !== 'sensor') return failure.dtc;
  return sensorCodes[signal]?.[opens.has(id) ? 'open' : 'range'] ?? null;
}

/** What kind of failure it is; undefined for an id that is not in the table. */
export function kindOf(id: string): FailureKind | undefined {
  return byId.get(id)?.kind;
}
