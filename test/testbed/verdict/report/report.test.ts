import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { html } from '#testbed/verdict/report/html.ts';
import { renderReport } from '#testbed/verdict/report/report.ts';
import { linearScale, logScale, spanScale, timeScale } from '#testbed/verdict/report/scale.ts';
import { timeseries } from '#testbed/verdict/report/series.ts';
import type { Summary } from '#testbed/verdict/summary.ts';
import { badRun, sampleRun } from '../sample-run.ts';

describe('report.html', () => {
  test('asks for nothing and runs nothing', () => {
    const { summary, samples } = sampleRun();
    const page = renderReport(summary, samples);
    assert.doesNotMatch(page, /<script|<link rel="stylesheet|@import|url\(|src=|https?:\/\/(?!www\.w3\.org)/);
    assert.match(page, /Content-Security-Policy"\s+content="default-src 'none'/);
  });

  test('is there for a run that never began, and for one without faults, thresholds or problems', () => {
    const { summary } = sampleRun();
    const page = renderReport({ ...summary, faults: [], thresholds: [] }, []);
    assert.match(page, /there is nothing to draw/);
    assert.match(page, /fair weather/);
  });

  test('draws the ledger’s lag of a run in which it fell behind, and of no other', () => {
    const { summary, samples } = sampleRun();
    assert.doesNotMatch(renderReport(summary, samples), /The ledger’s lag/);
    const { ledger } = summary.lag;
    const behind = { ...summary, lag: { ...summary.lag, ledger: { ...ledger, peakMs: 15_200 } } };
    assert.match(renderReport(behind, samples), /The ledger’s lag/);
  });

  test('shows how each process’s memory grew where a run was long enough to tell', () => {
    const { summary, samples } = sampleRun();
    assert.doesNotMatch(renderReport(summary, samples), /growth an hour/);
    const { byProcess } = summary.resources;
    const bridge = { rssPeakBytes: 1.62e8, cpuSeconds: 9.8, rssSlopeBytesPerHour: 12_300_000 };
    const kafka = { rssPeakBytes: 5.6e8, cpuSeconds: 23.1, rssSlopeBytesPerHour: -4_000 };
    const long = {
      ...summary,
      resources: { ...summary.resources, byProcess: { ...byProcess, bridge, kafka } },
    };
    const page = renderReport(long, samples);
    assert.match(page, /growth an hour/);
    assert.ok(page.includes('>+12 MB<') && page.includes('>-4 KB<'));
  });

  test('text from outside stays text', () => {
    const { summary, samples } = badRun();
    const hostile = '"><img src=x onerror=alert(1)>';
    const page = renderReport(
      {
        ...summary,
        run: { ...summary.run, scenario: hostile, description: hostile, warnings: [hostile] },
        faults: [{ at: 1, endedAt: null, kind: hostile, target: hostile }],
        thresholds: [{ metric: hostile, condition: hostile, actual: null, ok: false, note: hostile }],
        deadLetters: { total: 1, unidentified: 1, byReason: { [hostile]: 1 } },
      },
      samples,
    );
    assert.doesNotMatch(page, /<img/);
    assert.ok(page.includes('1FTEX1CM7PKD&lt;b&gt;09'));
  });

  test('says what the models found, draws the failing car, and which edge ran what', () => {
    const { summary, samples } = sampleRun();
    const withModels: Summary = {
      ...summary,
      releases: [
        {
          id: 'r1-0123456789ab',
          counter: 1,
          trainedOnReadings: 200_000,
          trainSeconds: 9,
          publishedAt: summary.run.startedAt,
          convergedSeconds: 1.5,
          edges: 2,
          rolledBack: false,
          reason: null,
        },
      ],
      training: { refused: ['too little history'], releaseRefusals: {} },
      detection: {
        ...summary.detection,
        recall: 0.9,
        engineFailures: 10,
        falseAlarms: 1,
        vehicleDays: 2,
        falseAlarmsPerVehicleDay: 0.5,
        byMode: { 'coolant-loss': { cars: 10, detected: 9, medianDelaySeconds: 240 } },
      },
    };
    const points = [0, 10, 20, 30].map((t) => ({
      t,
      value: 90 + t,
      residual: t < 20 ? null : t - 22,
      level: t / 20,
    }));
    const page = renderReport(withModels, samples, {
      models: [{ edge: 'edge-1', release: 'r1-0123456789ab', from: 12, to: null }],
      outcomes: [],
      cases: [
        {
          vin: 'WVWZZZ1JZXW<i>001',
          edge: 'edge-1',
          failure: 'coolant-loss',
          kind: 'engine',
          dtc: 'P0217',
          severity: 0.7,
          signal: 'coolantTemperature',
          onset: 10,
          detectableAt: 14,
          failureAt: 40,
          raised: { at: 25, dtc: 'P0217', cause: 'engine', release: 'r1-0123456789ab' },
          points,
        },
      ],
    });
    assert.match(page, /90 % of 10 engine failures raised an alarm/);
    assert.match(
      page,
      /Found 15 s after its onset by r1-0123456789ab: coolantTemperature, P0217, cause: engine/,
    );
    for (const look of ['onset', 'detectable', 'raised', 'failure']) {
      assert.match(page, new RegExp(`class="moment ${look}"`));
    }
    assert.match(page, /id="case-0-residual"/);
    assert.match(page, /id="model-tracks"/);
    assert.match(page, /too little history/);
    assert.ok(page.includes('WVWZZZ1JZXW&lt;i&gt;001'));
    const without = renderReport(summary, samples, { models: [], outcomes: [], cases: [] });
    assert.doesNotMatch(without, /id="detection"|id="models"/);
  });

  test('each problem stands with its time and the faults of that time', () => {
    const { summary, samples } = badRun();
    const page = renderReport(summary, samples).replaceAll(/\s+/g, ' ');
    assert.match(page, /<td>26\.2 s to 47 s<\/td> <td>cut edge-1\/bridge, kill bridge<\/td>/);
    assert.match(page, /<td>seq 60 to 62<\/td> <td>-<\/td> <td>-<\/td> <td>-<\/td>/);
  });

  test('the template escapes values and leaves its own markup', () => {
    const inner = html`<b title="${'"'}">${'<&>'}</b>`;
    assert.equal(html`${[inner, 'x']}${null}${3}`.text, '<b title="&quot;">&lt;&amp;&gt;</b>x3');
  });
});

describe('axes', () => {
  test('a linear axis ends at a round number at or above the largest value', () => {
    assert.deepEqual(linearScale(3100).ticks, [0, 1000, 2000, 3000, 4000]);
    assert.deepEqual(linearScale(1).ticks, [0, 0.25, 0.5, 0.75, 1]);
    assert.equal(linearScale(3100).at(2000), 0.5);
  });

  test('a spanning axis begins and ends at round numbers around the values', () => {
    assert.deepEqual(spanScale(83, 118).ticks, [80, 90, 100, 110, 120]);
    assert.deepEqual(spanScale(-2.1, 6).ticks, [-2.5, 0, 2.5, 5, 7.5]);
    assert.equal(spanScale(80, 120).at(100), 0.5);
    assert.ok(spanScale(5, 5).ticks.length >= 2);
  });

  test('a logarithmic axis puts equal factors at equal distances', () => {
    const scale = logScale(5, 20_000);
    assert.deepEqual(scale.ticks, [10, 100, 1000, 10_000]);
    assert.ok(Math.abs(scale.at(100) - scale.at(10) - (scale.at(1000) - scale.at(100))) < 1e-9);
    assert.deepEqual(logScale(20, 90).ticks, [20, 50, 100]);
  });

  test('a time axis ends where the run ends, with round labels', () => {
    const scale = timeScale(62, 7);
    assert.deepEqual(scale.ticks, [0, 10, 20, 30, 40, 50, 60]);
    assert.equal(scale.at(31), 0.5);
    assert.deepEqual(timeScale(300_000, 7).ticks.at(-1), 259_200);
  });
});

describe('seconds as points', () => {
  test('what came before the schedule’s zero is not drawn', () => {
    const { points, secondsPerPoint } = timeseries(sampleRun().samples);
    assert.deepEqual([points[0]?.t, points.length, secondsPerPoint], [0, 63, 1]);
  });

  test('a long run has fewer points, and every one of its peaks', () => {
    const { samples } = sampleRun(3600);
    const { points, secondsPerPoint } = timeseries(samples);
    assert.ok(points.length <= 600 && secondsPerPoint === 7);
    const peak = (all: typeof samples) => Math.max(...all.map((sample) => sample.backfillMs?.p99 ?? 0));
    assert.equal(peak(points), peak(samples));
    const outbox = (all: typeof samples) => Math.max(...all.map((sample) => sample.outboxFrames));
    assert.equal(outbox(points), outbox(samples));
    const total = points
      .slice(0, -1)
      .reduce((sum, point) => sum + point.storedPerSecond * secondsPerPoint, 0);
    const expected = samples
      .filter((sample) => sample.t >= 0)
      .slice(0, (points.length - 1) * secondsPerPoint)
      .reduce((sum, sample) => sum + sample.storedPerSecond, 0);
    assert.ok(Math.abs(total - expected) < 1e-6 * expected);
  });
});
