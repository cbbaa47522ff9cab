import { signalCount, signalIndex } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Model } from '#edge-agent/models/models.ts';
import type { Artefact } from '#model/artefact.ts';
import { featureCount, featureIndex, featureSchemaHash } from '#model/features.ts';

/** A model made by hand, and cars that it has no doubt about: coolant belongs at 90 degC, give or take 5. */
const calmCelsius = 90;
const hotCelsius = 125;
const spreadCelsius = 5;
/** The longest that one reading may speak for. */
const intervalMs = 5000;

/** So many readings a message: the model knows a car after one, and forgets a peak within one. */
export const manyReadings = 30;

/** An autoencoder of one signal that restores its mean, whatever it is shown. */
export function testArtefact(): Artefact {
  const coolant = featureIndex.coolantTemperature;
  const normalisation = {
    mean: new Float32Array(featureCount),
    scale: new Float32Array(featureCount).fill(1),
  };
  normalisation.mean[coolant] = calmCelsius;
  normalisation.scale[coolant] = spreadCelsius;
  const blind = {
    inputs: 1,
    outputs: 1,
    weights: Float32Array.of(0),
    biases: Float32Array.of(0),
    activation: 'linear',
  } as const;
  const network = {
    name: 'autoencoder',
    inputs: [coolant],
    targets: [coolant],
    layers: [blind],
    residual: { mean: Float32Array.of(0), scale: Float32Array.of(1) },
  };
  return {
    detector: 'autoencoder',
    featureSchema: featureSchemaHash,
    normalisation,
    networks: [network],
    thresholds: { 'error.raise': 1, 'error.clear': 0.5 },
  };
}

/** Every counter has a release of its own, all of the same artefact. */
export function testModel(counter: number): Model {
  return { id: `r${counter}-000000000000`, counter, artefact: testArtefact() };
}

/** A message of a car whose engine is fine; the car's clock goes on with seq. */
export function calmBatch(vin: string, seq: number, readings: number): TelemetryBatch {
  return batchOf(vin, seq, readings, calmCelsius);
}

/** With many readings, one of them is enough for an alarm, and a calm one behind it ends it. */
export function hotBatch(vin: string, seq: number, readings: number): TelemetryBatch {
  return batchOf(vin, seq, readings, hotCelsius);
}

function batchOf(vin: string, seq: number, readings: number, coolant: number): TelemetryBatch {
  const columns = Array.from({ length: signalCount }, () => new Float32Array(readings).fill(Number.NaN));
  columns[signalIndex.coolantTemperature]?.fill(coolant);
  const simTime = 1_700_000_000_000 + seq * readings * intervalMs;
  return { vin, session: 1, seq, scheduledAt: Date.now(), simTime, intervalMs, columns };
}
