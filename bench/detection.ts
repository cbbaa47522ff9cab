import { parseArgs } from 'node:util';
import { failures } from '#contract/failures.ts';
import type { SignalName } from '#contract/signals.ts';
import type { FailureId } from '#simulator/failures/failures.ts';
import {
  asTrained,
  atThreshold,
  calibrated,
  scoresOf,
  trained,
  type Detector,
} from './detection/detectors.ts';
import { carsOf, type Car } from './detection/drives.ts';
import { chance, fixedRules, mahalanobis } from './detection/rivals.ts';
import { Tally, type ModeTally } from './detection/tally.ts';

/**
 * How good detectors are, event by event: every failure, sensor fault and circumstance laid into cars that no detector has
 * seen, alarms before the failure is complete, and false alarms of the healthy cars beside them. Every detector but the
 * fixed limits gets the same budget of false alarms on the same healthy cars. docs/detection.md has the tables.
 *
 *     npm run bench:detection [-- --each CARS-OF-EACH-MODE --healthy CARS --seed N --quick]
 *
 * --quick: the virtual sensors as trained alone.
 */
const { values: options } = parseArgs({
  options: {
    each: { type: 'string', default: '40' },
    healthy: { type: 'string', default: '400' },
    seed: { type: 'string', default: '37' },
    quick: { type: 'boolean', default: false },
  },
});
const each = Number(options.each);
const healthyCars = Number(options.healthy);
const budget = 8;
const minutes = 45;
const onsetMinute = 25;
const overMinutes = 10;
const severity = 0.8;

interface Mode {
  name: string;
  failure: FailureId;
  severity: number;
  sensor: SignalName;
}

/** Coolant loss by severity; sensor faults of a slow signal and of one that others are predicted from. */
const modes: Mode[] = failures.flatMap(({ id, kind }): Mode[] => {
  const one = { name: id, failure: id as FailureId, severity, sensor: 'coolantTemperature' as SignalName };
  if (id === 'coolant-loss')
    return [0.3, 0.7, 1].map((own) => ({ ...one, name: `${id} ${own.toFixed(1)}`, severity: own }));
  if (kind !== 'sensor') return [one];
  return [
    { ...one, name: `${id}, coolant` },
    { ...one, name: `${id}, air mass`, sensor: 'massAirFlow' },
  ];
});

const training = carsOf({ seed: 11, cars: 400, minutes: 15 });
const calibration = carsOf({ seed: 23, cars: 200, minutes });
const test = carsOf({
  seed: Number(options.seed),
  cars: healthyCars + modes.length * each,
  minutes,
  failures: modes.map(({ failure, severity: own, sensor }) => ({
    failure,
    severity: own,
    sensor,
    cars: each,
    atMinute: onsetMinute,
    overMinutes,
  })),
});

const write = (text: string): boolean => process.stdout.write(`${text}\n`);
write(`training ${training.length} cars x 15 min, calibration ${calibration.length} x ${minutes} min, test`);
write(
  `${test.length} x ${minutes} min, ${each} of each mode from minute ${onsetMinute}, over ${overMinutes} min\n`,
);

const virtualSensors = await trained('virtual-sensors', training, budget);
write(`virtual sensors were trained in ${virtualSensors.seconds.toFixed(1)} s\n`);
const detectors = new Map<string, Detector>([
  ['virtual-sensors, as trained', asTrained(virtualSensors.artefact)],
]);
if (!options.quick) {
  const autoencoder = await trained('autoencoder', training, budget);
  const rivals = [
    scoresOf('virtual-sensors, whole budget', virtualSensors.artefact),
    scoresOf('autoencoder, whole budget', autoencoder.artefact),
    mahalanobis(training.flatMap((car) => car.live().batches)),
    fixedRules(),
    chance(budget, 5),
  ];
  const thresholds = calibrated(rivals, calibration, { minutes, budget });
  for (const [index, rival] of rivals.entries())
    detectors.set(rival.name, atThreshold(rival, rival.threshold ?? thresholds[index] ?? 1));
}

const tallies = new Map([...detectors.keys()].map((name) => [name, new Tally()]));
for (const car of test) {
  const mode = modeOf(car);
  const { batches, isVisible } = car.live();
  for (const [name, detector] of detectors) {
    tallies.get(name)?.add(mode, car, isVisible, minutes * 60_000, detector(batches));
  }
}
print();

function modeOf({ failure }: Car): string | undefined {
  const from = failure?.from;
  return modes.find(
    (mode) =>
      mode.failure === from?.failure && mode.severity === from.severity && mode.sensor === from.sensor,
  )?.name;
}

/** First how often each detector raised in time, then what the first one said of whom it found. */
function print(): void {
  const names = [...tallies.keys()];
  write(`| mode | shows in time | ${names.join(' | ')} |`);
  write(`| --- |${' --: |'.repeat(names.length + 1)}`);
  for (const { name } of modes) {
    const all = names.map((detector) => tallies.get(detector)?.modes.get(name));
    const shows = all[0] ? `${all[0].visible} of ${all[0].cars}` : '-';
    write(`| ${name} | ${shows} | ${all.map(shareOf).join(' | ')} |`);
  }
  const falseAlarms = names.map((name) => tallies.get(name)?.falseAlarmsPerVehicleDay.toFixed(1));
  write(`| false alarms a vehicle-day | - | ${falseAlarms.join(' | ')} |`);

  const own = tallies.get('virtual-sensors, as trained');
  write('\n| mode | found | after, median | blames the engine | signals |');
  write('| --- | --: | --: | --: | --- |');
  for (const { name } of modes) {
    const tally = own?.modes.get(name);
    if (!tally) continue;
    const { found, delays, causes, signals } = tally;
    const delay = delays.toSorted((a, b) => a - b)[Math.floor((delays.length - 1) / 2)];
    write(
      `| ${name} | ${found} | ${delay === undefined ? '-' : `${delay} s`} | ${causes.get('engine') ?? 0} | ${most(signals)} |`,
    );
  }
  if (own) write(`\nfalse alarms by signal: ${most(own.falseSignals)}`);
}

function shareOf(tally: ModeTally | undefined): string {
  return tally && tally.visible > 0 ? (tally.found / tally.visible).toFixed(2) : '-';
}

function most(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
