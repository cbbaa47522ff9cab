import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describe, test } from 'node:test';
import { renderScreen } from '#testbed/verdict/screen.ts';
import { sparkline } from '#testbed/verdict/sparkline.ts';
import type { Summary } from '#testbed/verdict/summary.ts';
import { badRun, sampleRun } from './sample-run.ts';

const plain = { color: false, width: 100, report: 'out/report.html' };

function screenOf(change: (summary: Summary) => Summary = (summary) => summary): string {
  return renderScreen(change(sampleRun().summary), plain);
}

describe('the screen at the end of a run', () => {
  test('begins with the verdict and tells the equation with the summary’s own numbers', () => {
    const { summary, samples } = sampleRun();
    const text = renderScreen(summary, { ...plain, samples });
    const first = text.split('\n').find((line) => line.trim() !== '');
    assert.equal(first, '  ✔ PASSED  quickstart: all 5 thresholds held');
    assert.match(text, /500 cars sent 30,000 messages \(300,000 readings\)\./);
    assert.match(text, /Every single one is in Kafka, exactly once and in order\. Nothing was lost\./);
    assert.match(
      text,
      /30,000 sent = 30,000 stored \+ 0 dead letters \+ 0 evicted \+ 0 lost \+ 0 unconfirmed/,
    );
    assert.match(text, /20\.1 s {2}cut {3}edge-1\/bridge +for 15 s/);
    assert.match(text, /45\.0 s {2}kill {2}bridge +back after 3\.4 s/);
    assert.match(text, /✔ latency\.backfillMs\.max +< 30000 +[\d,]+ ms/);
    assert.match(text, /Report +out\/report\.html/);
  });

  test('prints bad numbers as they are', () => {
    const text = renderScreen(badRun().summary, plain);
    const sentences = text.replaceAll(/\s+/g, ' ');
    assert.match(text, /✘ FAILED {2}quickstart: 3 of 5 thresholds did not hold/);
    assert.match(
      sentences,
      /28,793 are in Kafka; 1,200 are lost, 4 are in dead letters and 3 are unconfirmed/,
    );
    assert.match(sentences, /12 arrived more than once, 1 arrived out of order/);
    assert.match(text, /lost: car 1FTEX1CM7PKD<b>09, session 5310211987441127, seq 17 to 1216 \(edge-1\)/);
    assert.match(text, /✘ delivery\.lost +== 0 +1,200/);
    assert.doesNotMatch(text, /Nothing was lost/);
  });

  test('fits on one screen, however much there is to say', () => {
    const { summary, samples } = badRun();
    const much: Summary = {
      ...summary,
      run: {
        ...summary.run,
        description: 'x'.repeat(500),
        scenario: 'a-scenario-with-a-name-that-is-much-too-long'.repeat(4),
        invalidReasons: Array.from(
          { length: 9 },
          (_, n) => `reason ${n} ${'that goes on and on '.repeat(9)}`,
        ),
        warnings: Array.from({ length: 9 }, (_, n) => `warning ${n}`),
      },
      faults: Array.from({ length: 200 }, (_, n) => ({
        at: n,
        endedAt: null,
        kind: 'kill',
        target: `edge-${n}`,
      })),
      thresholds: Array.from({ length: 60 }, (_, n) => ({
        metric: `latency.carToKafkaMs.p${n}`.repeat(4),
        condition: '< 1',
        actual: n,
        ok: n < 50,
        note: n === 3 ? 'not enough data' : null,
      })),
      latency: { ...summary.latency, alarmMs: summary.latency.carToEdgeMs },
    };
    const lines = renderScreen(much, { ...plain, samples }).split('\n');
    assert.ok(lines.length <= 40, `${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 100, `${line.length} columns: ${line}`);
    assert.ok(
      lines.some((line) => line.includes('✘')),
      'failed thresholds come first',
    );
  });

  test('is plain without colour, and says the same with it', () => {
    const { summary, samples } = badRun();
    const colored = renderScreen(summary, { ...plain, samples, color: true });
    const uncolored = renderScreen(summary, { ...plain, samples });
    assert.notEqual(colored, uncolored);
    assert.equal(stripVTControlCharacters(uncolored), uncolored);
    assert.equal(
      stripVTControlCharacters(colored)
        .split('\n')
        .map((line) => line.trimEnd())
        .join('\n'),
      uncolored,
    );
  });

  for (const [exitCode, expected] of [
    [105, /■ STOPPED {2}quickstart: by the user after 1 min 02 s/],
    [106, /✘ BROKEN {2}quickstart: edge-1 ended with code 1/],
    [107, /✘ INVALID {2}quickstart: the schedule ran late/],
  ] as const) {
    test(`exit code ${exitCode} is said in words`, () => {
      const text = screenOf((summary) => ({
        ...summary,
        run: {
          ...summary.run,
          exitCode,
          failure: 'edge-1 ended with code 1',
          valid: exitCode !== 107,
          invalidReasons: exitCode === 107 ? ['the schedule ran late'] : [],
        },
      }));
      assert.match(text, expected);
    });
  }

  test('a process’s last words are told whole, in lines that fit, without its colours', () => {
    const failure = `bridge ended with code 106: \u001b[31mKafka\u001b[0m at 127.0.0.1:9092\n  cannot be reached: ${'connection refused, '.repeat(8)}is it running?`;
    const text = screenOf((summary) => ({ ...summary, run: { ...summary.run, exitCode: 106, failure } }));
    assert.match(
      text,
      /✘ BROKEN {2}quickstart: bridge ended with code 106: Kafka at 127\.0\.0\.1:9092 cannot/,
    );
    assert.match(text, /is it\n {12}running\?$/m);
    assert.ok(text.split('\n').every((line) => line.length <= 100));
  });

  test('one failed threshold is named in the verdict', () => {
    const text = screenOf((summary) => ({
      ...summary,
      run: { ...summary.run, exitCode: 99 },
      thresholds: [
        { metric: 'latency.carToKafkaMs.p99', condition: '< 50', actual: 68.9, ok: false, note: null },
        {
          metric: 'detection.recall',
          condition: '>= 0.8',
          actual: null,
          ok: true,
          note: 'not enough data: 2 engine failures, 5 are needed',
        },
      ],
    }));
    assert.match(text, /FAILED {2}quickstart: latency\.carToKafkaMs\.p99 is 68\.9 ms, not < 50/);
    assert.match(text, /detection\.recall +>= 0\.8 +not measured {2}not enough data: 2 engine failures/);
  });

  test('a run that sent nothing claims nothing', () => {
    const text = screenOf((summary) => ({
      ...summary,
      delivery: { ...summary.delivery, sent: 0, stored: 0 },
    }));
    assert.match(text, /No message was sent\./);
    assert.doesNotMatch(text, /Every single one/);
  });
});

describe('the sparkline', () => {
  test('seconds that fall on tenths leave no hole, and neither does one that was not measured', () => {
    const [first] = sampleRun().samples;
    assert.ok(first);
    const samples = [0.9, 1.9, 2.9, 4.9, 5.9].map((t) => ({ ...first, t, storedPerSecond: 50 }));
    assert.equal(sparkline(samples, [], 100).bars, '██████');
  });

  test('has a column a second, empty where nothing came, and marks faults below their second', () => {
    const { samples, summary } = sampleRun();
    const { bars, marks, peak } = sparkline(samples, summary.faults, 100);
    assert.equal(bars.length, 62);
    assert.equal(peak, Math.max(...samples.map((sample) => sample.storedPerSecond)));
    assert.equal(bars.slice(46, 48), '  ');
    assert.equal(marks.indexOf('└ cut edge-1/bridge'), 19);
    assert.equal(marks.indexOf('└ kill bridge'), 44);
  });

  test('a long run is squeezed into the width', () => {
    const { samples } = sampleRun(600);
    assert.ok(sparkline(samples, [], 60).bars.length <= 61);
  });
});
