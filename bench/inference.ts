import { detectorKinds, type DetectorKind } from '#contract/release.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Artefact } from '#model/artefact.ts';
import { createScorer, type ScoreItem } from '#model/detector.ts';
import { normalisationOf } from '#cloud/training/normalisation.ts';
import { featureCount, FeatureExtractor, featureSchemaHash } from '#model/features.ts';
import { shapesOf } from '#model/shapes.ts';
import { uncalibratedThresholds } from '#model/thresholds.ts';
import { CarLives } from '#simulator/car-life.ts';
import type { Fleet } from '#simulator/fleet.ts';
import { RandomStream } from '#simulator/random.ts';

/**
 * Readings that one core scores, features included, by how many there are in a call, for both detectors; beside a plain
 * baseline in the same run: the networks' multiplications and tanh alone, written as plainly as can be. CPU time, so that
 * neighbours do little.
 *
 *     npm run bench:inference
 */
const cars = 1000;
const messages = 60;
const callSizes = [1, 10, 100, 1000];
const readingsPerMessage = 10;
const warmUpReadings = 200_000;
const leastSeconds = 1.5;

const fleet: Fleet = {
  seed: 1,
  cars,
  profiles: { petrol: 0.4, turbo: 0.3, diesel: 0.2, hybrid: 0.1 },
  intervalMs: 1000,
  readingsPerMessage,
  speedup: 10,
  start: 'mixed',
  simStartMs: Date.UTC(2026, 0, 5, 8),
  stages: [{ forMs: messages * 1000, cars }],
};

interface Item extends ScoreItem {
  batch: TelemetryBatch;
}

/** Message after message over all cars, as they reach an edge. */
function arrivals(): Item[] {
  const lives = new CarLives(
    fleet,
    Array.from({ length: cars }, (_, index) => index),
  );
  return Array.from({ length: messages * cars }, (_, index): Item => {
    const slot = index % cars;
    const simTime = fleet.simStartMs + Math.floor(index / cars) * readingsPerMessage * fleet.intervalMs;
    lives.live(slot, simTime);
    const batch: TelemetryBatch = {
      vin: `VIN${slot}`,
      session: 1,
      seq: Math.floor(index / cars) + 1,
      scheduledAt: 0,
      simTime,
      intervalMs: fleet.intervalMs,
      columns: lives.columns.map((column) => column.slice()),
    };
    return { slot, batch };
  });
}

/** The same messages in batches of one reading. */
function oneByOne(items: readonly Item[]): Item[] {
  return items.flatMap(({ slot, batch }) =>
    Array.from({ length: readingsPerMessage }, (_, reading): Item => {
      const simTime = batch.simTime + reading * batch.intervalMs;
      const columns = batch.columns.map((column) => column.slice(reading, reading + 1));
      return { slot, batch: { ...batch, simTime, columns } };
    }),
  );
}

/** As the cars drive: an input that is never what it was when a network learnt is a case of its own. */
function normalisation(): Artefact['normalisation'] {
  const extractor = new FeatureExtractor();
  const rows = new Float32Array(items.length * readingsPerMessage * featureCount);
  let readings = 0;
  for (const { slot, batch } of items)
    readings += extractor.extract(slot, batch, rows, readings * featureCount);
  return normalisationOf(rows, readings, featureCount);
}

/** Untrained: what is measured does not hang on what the weights say. */
function artefactOf(detector: DetectorKind): Artefact {
  const random = RandomStream.of(1, 0, 'weights');
  return {
    detector,
    featureSchema: featureSchemaHash,
    normalisation: usual,
    networks: shapesOf(detector).map(({ name, inputs, targets, hidden }) => {
      let width = inputs.length;
      const layers = [...hidden, { units: targets.length, activation: 'linear' as const }].map((layer) => {
        const weights = Float32Array.from({ length: width * layer.units }, () => random.between(-0.5, 0.5));
        const biases = new Float32Array(layer.units);
        const dense = { inputs: width, outputs: layer.units, weights, biases, activation: layer.activation };
        width = layer.units;
        return dense;
      });
      const residual = { mean: new Float32Array(width), scale: new Float32Array(width).fill(1) };
      return { name, inputs, targets, layers, residual };
    }),
    thresholds: uncalibratedThresholds(detector),
  };
}

/** Readings a CPU-second of `act`, which handles `readings` of them each time. */
function pace(readings: number, act: () => void): number {
  for (let done = 0; done < warmUpReadings; done += readings) act();
  const before = process.cpuUsage();
  let done = 0;
  for (;;) {
    act();
    done += readings;
    const { user, system } = process.cpuUsage(before);
    if (user + system > leastSeconds * 1e6) return (done / (user + system)) * 1e6;
  }
}

/** Every layer of every network, one row at a time, without features, state or alarms. */
function plainPace({ networks }: Artefact): number {
  const rows = 1000;
  const layers = networks.flatMap((network) => network.layers);
  const input = Float32Array.from({ length: 64 }, (_, index) => Math.sin(index));
  const output = new Float32Array(64);
  return pace(rows, () => {
    for (let row = 0; row < rows; row++) {
      for (const { inputs, outputs, weights, biases, activation } of layers) {
        for (let to = 0; to < outputs; to++) {
          let sum = biases[to]!;
          for (let from = 0; from < inputs; from++) sum += input[from]! * weights[from * outputs + to]!;
          output[to] = activation === 'tanh' ? Math.tanh(sum) : sum;
        }
      }
    }
  });
}

const items = arrivals();
const usual = normalisation();
const single = oneByOne(items.slice(0, cars * 10));
const write = (text: string): boolean => process.stdout.write(`${text}\n`);
write('\n  detector          readings a call    readings/s and core    of plain networks');
for (const kind of detectorKinds) {
  const artefact = artefactOf(kind);
  const plain = plainPace(artefact);
  for (const size of callSizes) {
    const source = size === 1 ? single : items;
    const each = size === 1 ? 1 : size / readingsPerMessage;
    const scorer = createScorer(artefact);
    let next = 0;
    const measured = pace(size, () => {
      // From the beginning again: cars' clocks go back, and they begin anew.
      if (next + each > source.length) next = 0;
      scorer.score(source.slice(next, next + each));
      next += each;
    });
    write(
      `  ${kind.padEnd(16)} ${String(size).padStart(15)} ${Math.round(measured).toLocaleString('en').padStart(22)} ${(measured / plain).toFixed(2).padStart(20)}`,
    );
  }
  write(
    `  ${kind.padEnd(16)} ${'plain networks'.padStart(15)} ${Math.round(plain).toLocaleString('en').padStart(22)} ${'1.00'.padStart(20)}`,
  );
}
