import type { Artefact } from '#model/artefact.ts';
import { Calibration } from '#model/calibration.ts';
import { createScorer, type Trace } from '#model/detector.ts';
import type { Breath } from './breath.ts';
import { HealthyLevels } from './healthy-levels.ts';
import type { Series } from './kept-series.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** What the tails of a few vehicle-hours promise is not enough: a threshold lies so far above all that healthy cars reached. */
const margin = 1.3;

/** Alarms of cars that are taken for healthy: the history does not say which were. */
export interface FalseAlarms {
  vehicles: number;
  vehicleDays: number;
  raised: number;
  perVehicleDay: number;
  bySignal: Record<string, number>;
}

export interface CalibrationReport {
  calibration: FalseAlarms;
  /** On cars that neither networks nor thresholds have seen; null where there are none. */
  test: FalseAlarms | null;
  inWords: string;
}

/**
 * Thresholds for a budget of false alarms, by cars that no network has seen; and what they come to on cars that the
 * thresholds have not seen either.
 * @throws the breath's reason when the training is given up
 */
export async function calibrate(
  learnt: Omit<Artefact, 'thresholds'>,
  { calibration, test }: { calibration: readonly Series[]; test: readonly Series[] },
  { falseAlarmsPerVehicleDay }: { falseAlarmsPerVehicleDay: number },
  breath: Breath,
): Promise<{ thresholds: Record<string, number>; report: CalibrationReport }> {
  const thresholds = await thresholdsFor(learnt, calibration, falseAlarmsPerVehicleDay, breath);
  const artefact = { ...learnt, thresholds };
  const onCalibration = await falseAlarms(artefact, calibration, breath);
  const onTest = test.length > 0 ? await falseAlarms(artefact, test, breath) : null;
  return {
    thresholds,
    report: { calibration: onCalibration, test: onTest, inWords: inWords(onCalibration, onTest) },
  };
}

async function thresholdsFor(
  learnt: Omit<Artefact, 'thresholds'>,
  series: readonly Series[],
  falseAlarmsPerVehicleDay: number,
  breath: Breath,
): Promise<Record<string, number>> {
  const tails = new Calibration(learnt.detector);
  const { uncalibrated } = tails;
  const levels = new HealthyLevels();
  const reach = (name: string, level: number): void => levels.reach(name, level * uncalibrated[name]!);
  const trace: Trace = (item, reading, signal, z, level, stuck, erratic) => {
    tails.trace(item, reading, signal, z, level, stuck, erratic);
    if (learnt.detector === 'autoencoder') reach('error.raise', level);
    else {
      reach(`${signal}.raise`, level);
      reach(`${signal}.stuck`, stuck);
      reach(`${signal}.erratic`, erratic);
    }
  };
  const scorer = createScorer({ ...learnt, thresholds: uncalibrated });
  for (const { batches, simulatedMs } of series) {
    for (const batch of batches) {
      scorer.score([{ slot: 0, batch }], trace);
      if (breath.isDue) await breath.take();
    }
    scorer.forget(0);
    tails.endVehicle(simulatedMs);
    levels.endCar();
  }
  const found = tails.thresholds(falseAlarmsPerVehicleDay);
  const raised = Object.entries(found).map(([name, threshold]): [string, number] => {
    // An alarm ends at the same share of its threshold as before.
    const raise = name.replace(/\.clear$/, '.raise');
    const factor = Math.max(1, (margin * levels.highest(raise)) / found[raise]!);
    return [name, threshold * factor];
  });
  return Object.fromEntries(raised);
}

async function falseAlarms(
  artefact: Artefact,
  series: readonly Series[],
  breath: Breath,
): Promise<FalseAlarms> {
  const scorer = createScorer(artefact);
  const bySignal: Record<string, number> = {};
  let raised = 0;
  for (const { batches } of series) {
    for (const batch of batches) {
      for (const { transitions } of scorer.score([{ slot: 0, batch }])) {
        for (const { alarm, signal } of transitions) {
          if (alarm !== 'raised') continue;
          raised++;
          bySignal[signal] = (bySignal[signal] ?? 0) + 1;
        }
      }
      if (breath.isDue) await breath.take();
    }
    scorer.forget(0);
  }
  const simulatedMs = series.reduce((sum, one) => sum + one.simulatedMs, 0);
  const vehicleDays = simulatedMs / dayMs;
  const perVehicleDay = vehicleDays === 0 ? 0 : raised / vehicleDays;
  return { vehicles: series.length, vehicleDays, raised, perVehicleDay, bySignal };
}

function inWords(calibration: FalseAlarms, test: FalseAlarms | null): string {
  const said = ({ raised, vehicles, vehicleDays }: FalseAlarms): string =>
    `${raised} in ${vehicleDays.toFixed(2)} days of ${vehicles} vehicles`;
  return `false alarms: ${said(calibration)} for calibration, ${test ? said(test) : 'none'} for the test`;
}
