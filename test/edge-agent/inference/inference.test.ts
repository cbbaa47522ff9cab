import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decodeFrame, type Frame } from '#contract/frame.ts';
import { signalCount } from '#contract/signals.ts';
import { EncodedTelemetry, encodeTelemetry } from '#contract/telemetry.ts';
import { edgeMetrics } from '#edge-agent/edge-metrics.ts';
import { Inference, type InferenceOptions } from '#edge-agent/inference/inference.ts';
import { splitRows } from '#edge-agent/inference/prediction-log.ts';
import { rejudgedAfterSeconds } from '#edge-agent/inference/standing-alarms.ts';
import { Outbox } from '#edge-agent/outbox/outbox.ts';
import { noRows } from '#edge-agent/outbox/packed-rows.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics, parseMetrics, type ParsedMetrics } from '#runtime/metrics.ts';
import { until } from '#test/until.ts';
import { identities, predictions, tempFolder, vin } from '../rig.ts';
import { calmBatch, hotBatch, manyReadings, testModel } from '../test-artefact.ts';

const options = { timeout: 60_000 };

interface Opened {
  inference: Inference;
  close: () => Promise<void>;
  /** What is durable. */
  frames: Frame[];
  settled: string[];
  published: { vin: string; bytes: Buffer }[];
  /** A message arrives. */
  take: (batch: ReturnType<typeof calmBatch>) => void;
  flushAll: () => Promise<void>;
  metrics: () => Promise<ParsedMetrics>;
}

async function open(
  t: TestContext,
  settings: Partial<InferenceOptions> = {},
  folder?: string,
): Promise<Opened> {
  const frames: Frame[] = [];
  const outbox = await Outbox.open({
    dataDir: folder ?? (await tempFolder(t)),
    maxBytes: 1e9,
    maxWaitingBytes: 1e9,
    lingerMs: 5,
    maxFrameBytes: 1e6,
    maxFrameEntries: 50,
    log: createLog({ component: 'edge', level: 'silent' }),
    onDurable: ({ bytes }) => frames.push(decodeFrame(bytes)),
    onCommitted: () => {},
    onTrouble: (why) => assert.fail(String(why)),
    onDamage: (error) => assert.fail(error),
  });
  const metrics = new Metrics({ component: 'edge', name: 'edge-1' });
  t.after(() => metrics.close());
  const published: Opened['published'] = [];
  const settled: string[] = [];
  const inference = new Inference({
    edge: 'edge-1',
    outbox,
    sampleEvery: 1,
    maxBatchReadings: 512,
    maxWaitMs: 5,
    maxCars: 100,
    lastPrediction: splitRows(outbox.takeWindows()).lastPrediction,
    isOnline: () => false,
    publishAlarm: (name, bytes) => published.push({ vin: name, bytes }),
    metrics: edgeMetrics(metrics).inference,
    ...settings,
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    inference.close();
    return (closed ??= outbox.close());
  };
  t.after(close);
  return {
    inference,
    close,
    frames,
    settled,
    published,
    take: (batch) =>
      inference.take(new EncodedTelemetry(encodeTelemetry(batch)), noRows, () =>
        settled.push(`${batch.vin}/1/${batch.seq}`),
      ),
    flushAll: async () => {
      inference.flush();
      await outbox.flush(10_000);
    },
    metrics: async () => parseMetrics(await metrics.text()),
  };
}

const sequence = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);

test('every reading is scored once, by one release, whatever is swapped between', options, async (t) => {
  const opened = await open(t, { maxWaitMs: 0 });
  const cars = [1, 2, 3].map((n) => `${vin}${n}`);
  for (const seq of sequence(120)) {
    if (seq % 40 === 1) opened.inference.use(testModel(seq));
    for (const car of cars) opened.take(calmBatch(car, seq, 10));
    if (seq % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await opened.flushAll();
  const said = predictions(opened.frames);
  assert.deepEqual(
    said.map(({ predictionSeq }) => predictionSeq),
    sequence(3 * 120 * 10),
  );
  const releases = new Map<string, Set<string>>();
  const readings = new Set<string>();
  for (const { vin: car, seq, reading, release } of said) {
    const message = `${car}/${seq}`;
    releases.set(message, (releases.get(message) ?? new Set()).add(release));
    readings.add(`${message}/${reading}`);
  }
  assert.equal(readings.size, 3 * 120 * 10, 'no reading was scored twice');
  for (const [message, by] of releases) {
    const seq = Number(message.split('/')[1]);
    assert.deepEqual([...by], [testModel(Math.floor((seq - 1) / 40) * 40 + 1).id], message);
  }
  const scored = (await opened.metrics()).value('fleetbed_edge_readings_scored_total', { link: 'offline' });
  assert.equal(scored, 3600);
});

test('a car keeps its order, with a model, without one, and when it goes', options, async (t) => {
  const opened = await open(t, { maxWaitMs: 60_000 });
  opened.take(calmBatch(vin, 1, 10));
  opened.inference.use(testModel(1));
  opened.take(calmBatch(vin, 2, 10));
  opened.take(calmBatch(vin, 3, 0));
  opened.take(calmBatch(vin, 4, 10));
  assert.equal(opened.inference.waitingReadings, 21);
  opened.inference.use(null);
  assert.equal(opened.inference.waitingReadings, 0);
  opened.take(calmBatch(vin, 5, 10));
  await opened.flushAll();
  assert.deepEqual(
    identities(opened.frames),
    [1, 2, 3, 4, 5].map((seq) => `${vin}/1/${seq}`),
  );
  assert.deepEqual(opened.settled, identities(opened.frames));
  assert.deepEqual([...new Set(predictions(opened.frames).map(({ seq }) => seq))], [2, 4]);
});

test('a micro-batch ends at its limit of readings, or when its first one has waited', options, async (t) => {
  const opened = await open(t, { maxBatchReadings: 30, maxWaitMs: 60_000 });
  opened.inference.use(testModel(1));
  const waiting = [10, 10, 9, 5, 24, 2, 1000, 1].map((readings, index) => {
    opened.take(calmBatch(vin, index + 1, readings));
    return opened.inference.waitingReadings;
  });
  // 5 does not fit behind 29; 5 + 24 + 2 neither; 1000 are more than the limit, and go alone.
  assert.deepEqual(waiting, [10, 20, 29, 5, 29, 2, 0, 1]);
  const soon = await open(t, { maxWaitMs: 1, sampleEvery: 1e9 });
  soon.inference.use(testModel(1));
  soon.take(calmBatch(vin, 1, 10));
  await until(() => soon.settled.length === 1);
  soon.inference.close();
  soon.take(calmBatch(vin, 2, 10));
  assert.equal(soon.inference.waitingReadings, 0, 'closed: nothing waits any more');
});

test(
  'a duplicate is acknowledged when its original, which waits for its score, is durable',
  options,
  async (t) => {
    const { inference, take, settled, flushAll } = await open(t, { maxWaitMs: 60_000 });
    inference.use(testModel(1));
    take(calmBatch(vin, 1, 10));
    inference.afterEarlier(() => settled.push('duplicate'));
    take(calmBatch(vin, 2, 10));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual([...settled], []);
    await flushAll();
    assert.deepEqual(settled, [`${vin}/1/1`, `${vin}/1/2`, 'duplicate']);
    inference.afterEarlier(() => settled.push('nothing waits'));
    assert.equal(settled.length, 4, 'nothing waits');
  },
);

test(
  'an alarm is told to the car at once, with the bytes that are stored behind its message',
  options,
  async (t) => {
    const opened = await open(t, { sampleEvery: 1e9 });
    opened.inference.use(testModel(1));
    const due = Date.now() - 1000;
    opened.take(calmBatch(vin, 1, manyReadings));
    opened.take({ ...hotBatch(vin, 2, manyReadings), scheduledAt: due });
    for (const seq of [3, 4]) opened.take(calmBatch(vin, seq, manyReadings));
    opened.inference.flush();
    assert.deepEqual(
      opened.published.map(({ vin: car }) => car),
      [vin, vin],
    );
    await opened.flushAll();
    const stored = opened.frames
      .flatMap(({ entries }) => entries)
      .filter(({ destination }) => destination === 'fleet.predictions');
    assert.deepEqual(
      stored.map(({ value }) => Buffer.from(value)),
      opened.published.map(({ bytes }) => bytes),
    );
    const [raised, cleared] = predictions(opened.frames);
    assert.deepEqual(
      [raised?.seq, raised?.alarm, raised?.signal, raised?.predictionSeq, raised?.release],
      [2, 'raised', 'coolantTemperature', 1, testModel(1).id],
    );
    assert.equal(cleared?.alarm, 'cleared');
    assert.ok((raised?.score ?? 0) >= 1);
    const metrics = await opened.metrics();
    assert.equal(metrics.value('fleetbed_edge_alarms_raised_total'), 1);
    assert.equal(metrics.value('fleetbed_edge_alarms_cleared_total'), 1);
    assert.ok(metrics.value('fleetbed_edge_alarm_ms_max') >= 1000);
    assert.equal(metrics.value('fleetbed_edge_alarm_ms_count'), 1);
    assert.equal(metrics.value('fleetbed_edge_inference_us_count'), 1, 'one micro-batch');
    assert.ok(opened.inference.p99Us > 0 && opened.inference.alarmsPerSecond > 0);
  },
);

test('an alarm that stands when the model is swapped is not raised again', options, async (t) => {
  const opened = await open(t, { sampleEvery: 1e9 });
  for (const release of [1, 2, 3]) {
    opened.inference.use(testModel(release));
    for (const seq of sequence(4)) opened.take(hotBatch(vin, release * 10 + seq, manyReadings));
  }
  for (const seq of sequence(4)) opened.take(calmBatch(vin, 40 + seq, manyReadings));
  await opened.flushAll();
  assert.deepEqual(
    predictions(opened.frames).map(({ alarm, release }) => [alarm, release]),
    [
      ['raised', testModel(1).id],
      ['cleared', testModel(3).id],
    ],
  );
});

test(
  'an alarm of the former model falls when the new one has judged the car and does not say it',
  options,
  async (t) => {
    const opened = await open(t, { sampleEvery: 1e9 });
    opened.inference.use(testModel(1));
    opened.take(hotBatch(vin, 1, manyReadings));
    opened.inference.use(testModel(2));
    const messages = Math.ceil(rejudgedAfterSeconds / (manyReadings * 5));
    for (const seq of sequence(messages + 1)) opened.take(calmBatch(vin, 1 + seq, manyReadings));
    await opened.flushAll();
    assert.deepEqual(
      predictions(opened.frames).map(({ seq, alarm, release, dtc }) => [seq, alarm, release, dtc]),
      [
        [1, 'raised', testModel(1).id, 'P0217'],
        [1 + messages, 'cleared', testModel(2).id, 'P0217'],
      ],
    );
  },
);

test('a car that was silent longest is forgotten, and judged anew when it is back', options, async (t) => {
  const opened = await open(t, { sampleEvery: 1e9, maxCars: 2, maxBatchReadings: 2, maxWaitMs: 0 });
  opened.inference.use(testModel(1));
  const car = (n: number): string => `${vin}${n}`;
  opened.take(hotBatch(car(1), 1, manyReadings));
  opened.take(calmBatch(car(2), 1, manyReadings));
  // Takes the slot of the first, and nothing else of it.
  opened.take(hotBatch(car(3), 1, manyReadings));
  opened.take(hotBatch(car(1), 2, manyReadings));
  await opened.flushAll();
  assert.deepEqual(
    predictions(opened.frames).map(({ vin: name, seq, alarm }) => [name, seq, alarm]),
    [
      [car(1), 1, 'raised'],
      [car(3), 1, 'raised'],
      [car(1), 2, 'raised'],
    ],
  );
});

test('whatever a car sends is scored with a number, and ends nothing', options, async (t) => {
  const opened = await open(t);
  opened.inference.use(testModel(1));
  const wild = [Infinity, -Infinity, Number.NaN, 3.4e38, -0, 1e-45];
  let seq = 0;
  for (const intervalMs of [0, 1, 0x7fff_ffff]) {
    for (const simTime of [0, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) {
      const columns = Array.from({ length: signalCount }, (_, signal) =>
        Float32Array.from({ length: 12 }, (__, reading) => wild[(signal + reading) % wild.length] ?? 0),
      );
      opened.take({ ...calmBatch(vin, ++seq, 0), columns, intervalMs, simTime });
    }
  }
  await opened.flushAll();
  const scores = predictions(opened.frames).map(({ score }) => score);
  assert.equal(scores.length, seq * 12);
  assert.deepEqual(
    scores.filter((score) => !(score >= 0 && Number.isFinite(score))),
    [],
  );
});

test('numbers of predictions go on after a restart', options, async (t) => {
  const folder = await tempFolder(t);
  for (const life of [1, 2, 3]) {
    const opened = await open(t, {}, folder);
    opened.inference.use(testModel(life));
    for (const seq of sequence(5)) opened.take(calmBatch(vin, life * 10 + seq, 10));
    await opened.flushAll();
    assert.deepEqual(
      predictions(opened.frames).map(({ predictionSeq }) => predictionSeq),
      sequence(50).map((n) => (life - 1) * 50 + n),
    );
    await opened.close();
  }
});
