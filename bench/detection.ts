import { createLog } from '#runtime/log.ts';
import type { DetectorKind } from '#contract/release.ts';
import type { SignalName } from '#contract/signals.ts';
import { trainOn } from '#cloud/trainer.ts';
import { decodeArtefact, type Artefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import { joined } from '#testbed/verdict/detection/alarms.ts';
import { carsOf, type Car } from './detection/drives.ts';
import { chance, fixedRules, mahalanobis, type Rival } from './detection/rivals.ts';

/**
 * How good detectors are, event by event: failures laid into cars that no detector has seen, recall before the engine
 * fails, and false alarms of the healthy cars beside them. Every detector but the fixed limits gets the same budget of
 * false alarms on the same healthy cars. docs/detection.md has the table.
 *
 *     npm run bench:detection [-- cars of the test fleet]
 */
const budget = 8;
const minutes = 45;
const onsetMinute = 25;
const cars = Number(process.argv[2] ?? 400);
const dayMs = 86_400_000;

const severities = [0.3, 0.7, 1];
const training = carsOf({ seed: 11, cars: 400, minutes: 15 });
const calibration = carsOf({ seed: 23, cars: 200, minutes });
const each = Math.max(5, Math.floor(cars / 10));
const test = carsOf({
  seed: 37,
  cars,
  minutes,
  failures: [
    ...severities.map((severity) => ({
      failure: 'coolant-loss' as const,
      severity,
      cars: each,
      sensor: 'coolantTemperature' as const,
      atMinute: onsetMinute,
      overMinutes: 10,
    })),
    {
      failure: 'sensor-stuck' as const,
      severity: 0.7,
      cars: each,
      sensor: 'coolantTemperature' as const,
      atMinute: onsetMinute,
      overMinutes: 10,
    },
  ],
});

interface Raise {
  simTime: number;
  signal: SignalName | null;
}

interface Row {
  name: string;
  recall: Record<string, number>;
  named: number;
  falseAlarms: number;
}

const write = (text: string): boolean => process.stdout.write(`${text}\n`);
write(`training ${training.length} cars x 15 min, calibration ${calibration.length} x ${minutes} min,`);
write(
  `test ${test.length} x ${minutes} min with ${each} of each failure from minute ${onsetMinute}, over 10 min\n`,
);

const rows: Row[] = [];
for (const kind of ['virtual-sensors', 'autoencoder'] as const) {
  const artefact = await trained(kind);
  rows.push(judge(`${kind}, as trained`, alarmsOf(artefact)));
  const atBudget = scoresOf(`${kind}, whole budget`, artefact);
  rows.push(judge(atBudget.name, raisesOf(atBudget, calibrated(atBudget))));
}
for (const rival of [fixedRules(), mahalanobis(batchesOf(training)), chance(budget, 5)]) {
  rows.push(judge(rival.name, raisesOf(rival, rival.threshold ?? calibrated(rival))));
}
print(rows);

/** Trains as the cloud does, thresholds included. */
async function trained(detector: DetectorKind): Promise<Artefact> {
  const outcome = await trainOn(
    async (onBatch) => {
      let readings = 0;
      for (const batch of batchesOf(training)) {
        readings += batch.columns[0]?.length ?? 0;
        await onBatch(batch);
      }
      return { readings, offsets: [] };
    },
    {
      run: 'bench',
      topicPrefix: '',
      since: 0,
      seed: 42,
      detector,
      counter: 1,
      falseAlarmsPerVehicleDay: budget,
      expiresAfterMs: dayMs,
    },
    { log: createLog({ component: 'bench', level: 'silent' }), onProgress: () => undefined },
  );
  return decodeArtefact(outcome.artefact);
}

/** The alarms that an edge would raise for a car. */
function alarmsOf(artefact: Artefact): (car: Car) => Raise[] {
  const scorer = createScorer(artefact);
  return (car) => {
    scorer.forget(0);
    const raises: Raise[] = [];
    for (const batch of car.batches()) {
      for (const { alarm, reading, signal } of scorer.score([{ slot: 0, batch }])[0]?.transitions ?? []) {
        if (alarm === 'raised') raises.push({ simTime: batch.simTime + reading * batch.intervalMs, signal });
      }
    }
    return raises;
  };
}

/** Its scores alone, to be given a threshold of their own: less caution than the trainer has, no naming. */
function scoresOf(name: string, artefact: Artefact): Rival {
  const scorer = createScorer(artefact);
  let scores = new Float32Array(0);
  return {
    name,
    threshold: undefined,
    begin: () => scorer.forget(0),
    level(batch, reading) {
      if (reading === 0) scores = Float32Array.from(scorer.score([{ slot: 0, batch }])[0]?.scores ?? []);
      return { level: scores[reading] ?? 0, signal: null };
    },
  };
}

/** Raises where the level comes to the threshold; an alarm ends below 70 % of it. */
function raisesOf(rival: Rival, threshold: number): (car: Car) => Raise[] {
  return (car) => {
    rival.begin();
    const raises: Raise[] = [];
    let stands = false;
    for (const batch of car.batches()) {
      for (let reading = 0; reading < (batch.columns[0]?.length ?? 0); reading++) {
        const { level, signal } = rival.level(batch, reading);
        if (!stands && level >= threshold)
          raises.push({ simTime: batch.simTime + reading * batch.intervalMs, signal });
        stands = level >= (stands ? 0.7 * threshold : threshold);
      }
    }
    return raises;
  };
}

/** The lowest threshold that keeps the budget on the calibration fleet. */
function calibrated(rival: Rival): number {
  const peaks = calibration
    .map((car) => {
      rival.begin();
      let peak = 0;
      for (const batch of car.batches()) {
        for (let r = 0; r < (batch.columns[0]?.length ?? 0); r++)
          peak = Math.max(peak, rival.level(batch, r).level);
      }
      return peak;
    })
    .toSorted((a, b) => b - a);
  const allowed = Math.floor((budget * calibration.length * minutes * 60_000) / dayMs);
  return peaks[Math.min(peaks.length - 1, allowed)] ?? 1;
}

function judge(name: string, raises: (car: Car) => Raise[]): Row {
  const found = new Map<string, { cars: number; detected: number }>();
  let falseAlarms = 0;
  let healthy = 0;
  let right = 0;
  let detections = 0;
  for (const car of test) {
    const incidents = joined(raises(car)).map(({ first }) => first);
    if (!car.failure) {
      healthy++;
      falseAlarms += incidents.length;
      continue;
    }
    const { id, severity, onset, failureAt } = car.failure;
    const mode = id === 'coolant-loss' ? severity.toFixed(1) : id;
    const tally = found.get(mode) ?? { cars: 0, detected: 0 };
    found.set(mode, tally);
    tally.cars++;
    const detection = incidents.find(({ simTime }) => simTime >= onset && simTime <= failureAt);
    if (!detection) continue;
    tally.detected++;
    detections++;
    if (detection.signal === 'coolantTemperature') right++;
  }
  return {
    name,
    recall: Object.fromEntries([...found].map(([mode, { cars: n, detected }]) => [mode, detected / n])),
    named: detections === 0 ? Number.NaN : right / detections,
    falseAlarms: falseAlarms / ((healthy * minutes * 60_000) / dayMs),
  };
}

function* batchesOf(fleet: readonly Car[]) {
  for (const car of fleet) yield* car.batches();
}

function print(table: readonly Row[]): void {
  const heads = [...severities.map((severity) => `coolant-loss ${severity.toFixed(1)}`), 'sensor-stuck'];
  write(`| detector | ${heads.join(' | ')} | names the signal | false alarms a vehicle-day |`);
  write(`| --- | ${heads.map(() => '--: |').join(' ')} --: | --: |`);
  for (const { name, recall, named, falseAlarms } of table) {
    const cells = [...severities.map((severity) => recall[severity.toFixed(1)]), recall['sensor-stuck']];
    const shown = cells.map((cell) => (cell ?? Number.NaN).toFixed(2)).join(' | ');
    write(`| ${name} | ${shown} | ${named > 0 ? named.toFixed(2) : '-'} | ${falseAlarms.toFixed(1)} |`);
  }
}
