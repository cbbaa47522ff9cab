import type { GoldenVector, TelemetryGolden } from '#contract/release.ts';
import { signalNames, type SignalName } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Artefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';

const simStartMs = Date.UTC(2026, 0, 5, 8);
/** Long enough in the car's own time for a detector to have warmed up, short in a manifest. */
const intervalMs = 4000;
const readingsPerBatch = 30;
const batchCount = 3;

/** What an invented car reports `seconds` after its start. A signal that is not named is absent. */
type Life = (seconds: number) => Partial<Record<SignalName, number>>;

/** A warm car on the road. */
function driving(seconds: number): Record<SignalName, number> {
  const wave = Math.sin(seconds / 25);
  const slow = Math.sin(seconds / 90);
  const engineSpeed = 1900 + 500 * wave + 150 * slow;
  const manifoldPressure = 52 + 18 * wave;
  return {
    speed: 62 + 16 * wave + 5 * slow,
    engineSpeed,
    throttlePosition: 22 + 10 * wave,
    manifoldPressure,
    massAirFlow: (engineSpeed * manifoldPressure) / 6200,
    intakeAirTemperature: 27 + slow,
    coolantTemperature: 90 + slow,
    oilTemperature: 95 + 2 * slow,
    oilPressure: 250 + engineSpeed / 16,
    shortTermFuelTrim: 1.5 * slow,
    longTermFuelTrim: 1.2,
    lambda: 1 + 0.01 * wave,
    catalystTemperature: 560 + 45 * slow + 15 * wave,
    batteryVoltage: 14.1 + 0.05 * slow,
    batteryCurrent: 4 + slow,
    vibrationRms: 1.6 + 0.3 * wave,
    vibrationKurtosis: 3.1 + 0.1 * slow,
    ambientTemperature: 18.5,
    ambientPressure: 101.3,
    gear: 4,
  };
}

/** From then on something is wrong: an untouched car would score next to nothing, and prove as little. */
const onsetSeconds = 200;

const lives: readonly Life[] = [
  // Everything reported; cooling, oil and charging fail.
  (seconds) => {
    const late = Math.max(0, seconds - onsetSeconds);
    const normal = driving(seconds);
    return {
      ...normal,
      coolantTemperature: normal.coolantTemperature + 0.5 * late,
      oilTemperature: normal.oilTemperature + 0.4 * late,
      oilPressure: Math.max(40, normal.oilPressure - 4 * late),
      batteryVoltage: normal.batteryVoltage - 0.02 * late,
    };
  },
  // Without fuel trims and gear, as some cars are; the engine shakes, and the catalyst is cold.
  (seconds) => {
    const late = Math.max(0, seconds - onsetSeconds);
    const { shortTermFuelTrim: _, longTermFuelTrim: __, gear: ___, ...normal } = driving(seconds);
    return {
      ...normal,
      vibrationRms: normal.vibrationRms + 0.1 * late,
      vibrationKurtosis: normal.vibrationKurtosis + 0.02 * late,
      manifoldPressure: normal.manifoldPressure + 0.1 * late,
      catalystTemperature: normal.catalystTemperature - 2 * late,
    };
  },
];

/** Invented cars, and what a scorer with this artefact says of each of their readings. */
export function goldenVectors(artefact: Artefact): GoldenVector[] {
  return lives.map((life) => {
    const batches = Array.from({ length: batchCount }, (_, index) => batchOf(life, index));
    return { batches, scores: scoresOf(artefact, batches) };
  });
}

/** Rounded, so that a person can read it in a manifest. */
function batchOf(life: Life, index: number): TelemetryGolden {
  const spanMs = readingsPerBatch * intervalMs;
  const readings = Array.from({ length: readingsPerBatch }, (_, reading) =>
    life((index * spanMs + reading * intervalMs) / 1000),
  );
  return {
    simTime: simStartMs + index * spanMs,
    intervalMs,
    columns: signalNames.map((name) =>
      readings.map((values) => Math.round((values[name] ?? Number.NaN) * 100) / 100),
    ),
  };
}

function scoresOf(artefact: Artefact, batches: readonly TelemetryGolden[]): number[] {
  const scorer = createScorer(artefact);
  return batches.flatMap(({ simTime, intervalMs: interval, columns }, index) => {
    const batch: TelemetryBatch = {
      vin: 'INVENTED',
      session: 1,
      seq: index + 1,
      scheduledAt: simTime,
      simTime,
      intervalMs: interval,
      columns: columns.map((column) => Float32Array.from(column)),
    };
    const [scored] = scorer.score([{ slot: 0, batch }]);
    return [...(scored?.scores ?? [])];
  });
}
