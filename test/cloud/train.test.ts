import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { encodeSigned, decodeSigned, keyIdOf } from '#contract/release.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import { TooLittleHistory, trainOn, type TrainOutcome, type TrainRequest } from '#cloud/trainer.ts';
import { decodeArtefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import { thresholdNames } from '#model/thresholds.ts';
import { createLog } from '#runtime/log.ts';
import { drives, type Drives } from './drives.ts';

const request: TrainRequest = {
  run: 'test',
  topicPrefix: '',
  since: 0,
  seed: 42,
  detector: 'virtual-sensors',
  counter: 3,
  falseAlarmsPerVehicleDay: 8,
  expiresAfterMs: 60_000,
};

const small: Drives = { cars: 60, seconds: 700 };

async function trainedOn(
  batches: readonly TelemetryBatch[],
  changes: Partial<TrainRequest> = {},
): Promise<TrainOutcome> {
  return trainOn(
    async (onBatch) => {
      for (const batch of batches) await onBatch(batch);
      return { offsets: [{ partition: 0, from: 5, to: 5 + batches.length }] };
    },
    { ...request, ...changes },
    { log: createLog({ component: 'test', level: 'silent' }), onProgress: () => undefined },
  );
}

describe('a training', { timeout: 120_000 }, () => {
  let history: TelemetryBatch[];
  let trained: TrainOutcome;
  before(async () => {
    history = [...drives(small)];
    trained = await trainedOn(history);
  });

  it('makes a release whose manifest says what it is and what it was learnt from', () => {
    const { artefact, manifest } = trained;
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signed = encodeSigned({ ...manifest, keyId: keyIdOf(publicKey) }, privateKey);
    const { training, ...read } = decodeSigned(signed);
    assert.equal(read.counter, 3);
    assert.equal(read.length, artefact.length);
    assert.equal(read.expires - read.created, 60_000);
    assert.deepEqual(training, {
      since: 0,
      offsets: [{ partition: 0, from: '5', to: String(5 + history.length) }],
      readings: history.length * 10,
      vehicles: 60,
      seed: 42,
    });
    const { thresholds, normalisation } = decodeArtefact(artefact);
    assert.deepEqual(Object.keys(thresholds).sort(), thresholdNames('virtual-sensors').sort());
    assert.deepEqual(read.thresholds, thresholds);
    assert.deepEqual(read.normalisation.mean, [...normalisation.mean]);
  });

  it('repeats byte for byte, whatever the order in which cars come', async () => {
    const byTime = history.toSorted((one, other) => one.simTime - other.simTime);
    const again = await trainedOn(byTime);
    assert.equal(again.manifest.sha256, trained.manifest.sha256);
    assert.deepEqual(again.artefact, trained.artefact);
    assert.deepEqual(again.manifest.golden, trained.manifest.golden);
  });

  it('gives golden vectors that its own artefact answers as they say, over all of what a score can be', () => {
    const { golden } = JSON.parse(JSON.stringify(trained.manifest)) as TrainOutcome['manifest'];
    assert.ok(golden.length >= 2);
    const all = golden.flatMap(({ scores }) => scores);
    assert.ok(all.includes(0), 'while it warms up');
    assert.ok(
      all.some((score) => score > 0 && score < 1),
      'before an alarm',
    );
    assert.ok(
      all.some((score) => score >= 1),
      'in alarm',
    );
    for (const { batches, scores } of golden) {
      const scorer = createScorer(decodeArtefact(trained.artefact));
      const again = batches.flatMap(({ simTime, intervalMs, columns }, index) => {
        const floats = columns.map((column) => Float32Array.from(column, (value) => value ?? Number.NaN));
        const batch = { vin: 'ANOTHER', session: 9, seq: index + 1, scheduledAt: 0, simTime, intervalMs };
        return [...scorer.score([{ slot: 4, batch: { ...batch, columns: floats } }])[0]!.scores];
      });
      assert.deepEqual(again, scores);
    }
  });

  it('keeps to its budget of false alarms on unseen cars, and finds one that overheats', () => {
    const scorer = createScorer(decodeArtefact(trained.artefact));
    const onset = 400;
    const sick = 7;
    const found: string[] = [];
    let falseAlarms = 0;
    const slots = new Map<string, number>();
    for (const batch of drives({
      cars: 60,
      seconds: 900,
      seed: 77,
      spoil: (car, second, name, value) =>
        car === sick && name === 'coolantTemperature' ? value + Math.max(0, second - onset) * 0.1 : value,
    })) {
      if (!slots.has(batch.vin)) slots.set(batch.vin, slots.size);
      const slot = slots.get(batch.vin)!;
      for (const { alarm, signal } of scorer.score([{ slot, batch }])[0]!.transitions) {
        if (alarm !== 'raised') continue;
        if (slot === sick) found.push(signal);
        else falseAlarms++;
      }
    }
    assert.ok(found.includes('coolantTemperature'), found.join());
    const vehicleDays = (59 * 900) / 86_400;
    assert.ok(falseAlarms / vehicleDays <= 2 * 8, `${falseAlarms} in ${vehicleDays} vehicle-days`);
  });

  it('is not led astray by a failing car in its history', async () => {
    const failing = 5;
    const spoilt = await trainedOn([
      ...drives({
        ...small,
        spoil: (car, second, name, value) =>
          car === failing && name === 'coolantTemperature' ? value + second * 0.1 : value,
      }),
    ]);
    const name = 'coolantTemperature.raise';
    const [clean, led] = [trained, spoilt].map(({ manifest }) => manifest.thresholds[name]!);
    assert.ok(led! < 1.5 * clean! && led! > clean! / 1.5, `${led} instead of ${clean}`);
  });

  it('of other cars, or with another seed, gives something else; the autoencoder as well', async () => {
    const detector = 'autoencoder';
    const { artefact, manifest } = await trainedOn(history, { detector });
    assert.equal(decodeArtefact(artefact).networks.length, 1);
    assert.deepEqual(Object.keys(manifest.thresholds).sort(), thresholdNames(detector).sort());
    const others = await trainedOn([...drives({ ...small, seed: 43 })], { detector });
    assert.notEqual(others.manifest.sha256, manifest.sha256);
    const reseeded = await trainedOn(history, { detector, seed: 43 });
    assert.notEqual(reseeded.manifest.sha256, manifest.sha256);
  });

  it('refuses what it cannot learn from, in words', async () => {
    await assert.rejects(trainedOn([...drives({ cars: 19, seconds: 700 })]), (error: unknown) => {
      assert.ok(error instanceof TooLittleHistory);
      assert.match(error.message, /19 vehicles .* 20 vehicles are needed/);
      return true;
    });
  });
});
