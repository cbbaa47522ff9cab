import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { LogHistogram } from '#runtime/histogram.ts';
import { secondQuantiles, secondSampleSchema } from '#testbed/verdict/second.ts';
import { latencyOf, summaryJsonSchema, summarySchema } from '#testbed/verdict/summary.ts';
import { evaluate, isThresholdMetric, thresholdMetrics } from '#testbed/verdict/thresholds.ts';
import { badRun, sampleRun } from './sample-run.ts';

describe('summary.json', () => {
  test('a run’s summary and seconds are what their schemas say', () => {
    for (const { summary, samples } of [sampleRun(), badRun()]) {
      assert.deepEqual(summarySchema.parse(JSON.parse(JSON.stringify(summary))), summary);
      for (const sample of samples) assert.deepEqual(secondSampleSchema.parse(sample), sample);
    }
  });

  test('the JSON Schema that ships is the one of the code', async () => {
    const file = new URL('../../../docs/summary.schema.json', import.meta.url);
    const shipped: unknown = JSON.parse(await readFile(file, 'utf8'));
    assert.deepEqual(shipped, summaryJsonSchema(), 'write it anew as testbed/verdict/README.md says');
  });

  test('every field that design.md names is there', () => {
    const named: Record<string, string> = {
      run: 'id scenario seed startedAt durationSeconds exitCode valid invalidReasons',
      cars: 'requested connectedPeak connectSeconds reconnects refused',
      delivery: 'sent stored lost duplicated reordered unconfirmed evicted deadLettered late dropped',
      latency: 'scheduleToSendMs carToEdgeMs carToKafkaMs backfillMs alarmMs',
      inference: 'readings readingsPerSecond scoredOffline alarmsRaised alarmsCleared batchUs',
      lag: 'ledger trainer openTransactions',
      detection: 'recall precision falseAlarms vehicleDays falseAlarmsPerVehicleDay byMode',
      resources: 'rssPeakBytes cpuSeconds byProcess machine',
    };
    const { summary } = sampleRun();
    for (const [part, fields] of Object.entries(named)) {
      const present = Object.keys(summary[part as keyof typeof summary] ?? {});
      for (const field of fields.split(' ')) assert.ok(present.includes(field), `${part}.${field}`);
    }
    assert.deepEqual(Object.keys(summary.latency.carToKafkaMs), [
      'p50',
      'p90',
      'p99',
      'p999',
      'max',
      'count',
    ]);
  });

  test('what was not measured is null, not zero', () => {
    const empty = new LogHistogram();
    assert.deepEqual(latencyOf(empty), { p50: null, p90: null, p99: null, p999: null, max: null, count: 0 });
    assert.equal(secondQuantiles(empty), null);
    empty.record(12);
    assert.equal(latencyOf(empty).max, 12);
    assert.equal(secondQuantiles(empty)?.max, 12);
  });
});

describe('thresholds', () => {
  const { summary } = sampleRun();
  const judge = (metric: string, op: '<' | '<=' | '==' | '!=' | '>=' | '>', value: number) =>
    evaluate([{ metric, op, value, condition: `${op} ${value}` }], summary)[0];

  test('every operator compares what was measured with what was asked', () => {
    const sent = summary.delivery.sent;
    const held = (['<', '<=', '==', '!=', '>=', '>'] as const).map((op) =>
      [sent - 1, sent, sent + 1].map((value) => (judge('delivery.sent', op, value)?.ok ? 1 : 0)).join(''),
    );
    assert.deepEqual(held, ['001', '011', '010', '101', '110', '100']);
  });

  test('the result says the condition as written and the actual value', () => {
    assert.deepEqual(judge('delivery.lost', '==', 0), {
      metric: 'delivery.lost',
      condition: '== 0',
      actual: 0,
      ok: true,
      note: null,
    });
  });

  test('too few failures and too few vehicle-days fail their thresholds, whatever the number', () => {
    const detection = {
      ...summary.detection,
      recall: 1,
      engineFailures: 4,
      vehicleDays: 0.1,
      falseAlarmsPerVehicleDay: 0,
    };
    const judged = (metric: string, op: '>=' | '<=', value: number, more: object) =>
      evaluate([{ metric, op, value, condition: '' }], {
        ...summary,
        detection: { ...detection, ...more },
      })[0];
    const recall = judged('detection.recall', '>=', 0.8, {});
    assert.deepEqual([recall?.ok, recall?.note], [false, 'not enough data: 4 engine failures, 5 are needed']);
    assert.deepEqual(judged('detection.recall', '>=', 0.8, { engineFailures: 5 })?.ok, true);
    const rate = judged('detection.falseAlarmsPerVehicleDay', '<=', 24, {});
    assert.deepEqual([rate?.ok, rate?.note], [false, 'not enough data: 0.1 vehicle-days, 0.125 are needed']);
    assert.equal(judged('detection.falseAlarmsPerVehicleDay', '<=', 24, { vehicleDays: 0.125 })?.ok, true);
    assert.equal(judged('detection.falseAlarmsPerVehicleDay', '<=', 0, { vehicleDays: 9 })?.ok, false);
  });

  test('what was not measured, or does not exist, has not held', () => {
    for (const metric of [
      'detection.recall',
      'latency.alarmMs.p99',
      'no.such.thing',
      'run.id',
      '__proto__.x',
    ]) {
      assert.deepEqual([judge(metric, '!=', 1)?.ok, judge(metric, '!=', 1)?.actual], [false, null], metric);
    }
  });

  test('paths to hold a run to are its numbers, those by process included', () => {
    for (const path of ['delivery.lost', 'latency.carToKafkaMs.p999', 'detection.recall', 'cars.refused']) {
      assert.ok(thresholdMetrics.includes(path), path);
    }
    assert.ok(isThresholdMetric('resources.byProcess.edge-1.rssPeakBytes'));
    assert.ok(isThresholdMetric('detection.byMode.misfire.detected'));
    for (const path of [
      'run.seed',
      'run.id',
      'fleet.qos',
      'thresholds',
      'resources.byProcess.*',
      'delivery',
    ]) {
      assert.ok(!isThresholdMetric(path), path);
    }
    const process = summary.resources.byProcess['bridge'];
    assert.equal(judge('resources.byProcess.bridge.cpuSeconds', '>', 0)?.actual, process?.cpuSeconds);
  });
});
