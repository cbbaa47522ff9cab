import assert from 'node:assert/strict';
import { test } from 'node:test';
import { predictionCodec } from '#contract/records.ts';
import { isSampled, PredictionLog, predictionRow, splitRows } from '#edge-agent/inference/prediction-log.ts';
import { unpackRows } from '#edge-agent/outbox/packed-rows.ts';
import type { Transition } from '#model/detector.ts';
import { telemetry, vin } from '../rig.ts';

const raised: Transition = {
  reading: 3,
  alarm: 'raised',
  signal: 'coolantTemperature',
  dtc: 'P0217',
  cause: 'engine',
  score: 1.5,
};

test('one prediction for each alarm, and one for each reading of a message of the sample', () => {
  const log = new PredictionLog({ edge: 'edge-1', sampleEvery: 1, last: 41 });
  const scores = Float32Array.of(0.25, 0.5, 0.75, 1.5);
  const { alarms, sample } = log.write(telemetry(vin, 7, 9, 4), {
    release: 'r1',
    scores,
    news: [raised],
    at: 5,
  });
  const written = [...alarms, ...sample].map(({ destination, key, value }) => {
    assert.deepEqual([destination, key], ['fleet.predictions', vin]);
    return predictionCodec.decode(value);
  });
  assert.deepEqual(
    { ...written[0] },
    {
      ...{ vin, session: 7, seq: 9, reading: 3, simTime: 1_700_000_003_000, at: 5, scoredBy: 'edge' },
      ...{ edge: 'edge-1', release: 'r1', score: 1.5, alarm: 'raised', signal: 'coolantTemperature' },
      ...{ dtc: 'P0217', cause: 'engine', predictionSeq: 42 },
    },
  );
  assert.deepEqual(
    written.map((one) => [one.reading, one.score, one.alarm, one.predictionSeq]),
    [
      [3, 1.5, 'raised', 42],
      [0, 0.25, 'none', 43],
      [1, 0.5, 'none', 44],
      [2, 0.75, 'none', 45],
      [3, 1.5, 'none', 46],
    ],
  );
  const windows: [string, Uint8Array][] = [[vin, Uint8Array.of(1)]];
  const rows = unpackRows(log.row) as [string, Uint8Array][];
  assert.deepEqual(
    rows.map(([name]) => name),
    [predictionRow],
  );
  assert.deepEqual(splitRows([...windows, ...rows]), {
    lastPrediction: 46,
    windows,
  });
  assert.deepEqual(splitRows(windows), { lastPrediction: 0, windows });
});

test('the sample is the same on every machine, and one message in so many', () => {
  const sampled = Array.from({ length: 60_000 }, (_, seq) => seq + 1).filter((seq) =>
    isSampled(vin, seq, 100),
  );
  assert.deepEqual(sampled.slice(0, 4), [16, 20, 32, 60]);
  assert.ok(Math.abs(sampled.length - 600) < 100, `${sampled.length} of 60,000`);
  const cars = Array.from({ length: 60_000 }, (_, n) => n).filter((n) => isSampled(`FBED${n}`, 1, 100));
  assert.ok(Math.abs(cars.length - 600) < 100, `${cars.length} cars of 60,000`);
  assert.equal(isSampled(vin, 2 ** 53 - 1, 1), true);
});

test('numbers that a car invents do not end the edge', () => {
  const log = new PredictionLog({ edge: 'edge-1', sampleEvery: 1, last: 0 });
  const largest = Number.MAX_SAFE_INTEGER;
  for (const [simTime, written] of [
    [largest, largest - 1],
    [-largest, -(2 ** 52)],
  ] as const) {
    const batch = { ...telemetry(vin, largest, largest, 2), simTime, intervalMs: 0x7fff_ffff };
    const scores = Float32Array.of(Number.NaN, 0);
    const { sample } = log.write(batch, { release: 'r1', scores, news: [], at: 5 });
    const [first] = sample.map(({ value }) => predictionCodec.decode(value));
    assert.deepEqual([first?.simTime, first?.session, first?.seq], [written, largest - 1, largest - 1]);
  }
});
