/** What can go wrong with a car, and the diagnostic trouble code (SAE J2012) that a workshop would read. */
export type FailureKind = 'engine' | 'sensor' | 'benign';

export interface Failure {
  id: string;
  kind: FailureKind;
  /** null where no standard code exists. */
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
  sensor('sensor-noise', 'P0101'),
  benign('hot-day'),
  benign('trailer'),
  benign('steep-grade'),
  benign('jump-start'),
  benign('sport-driving'),
];
