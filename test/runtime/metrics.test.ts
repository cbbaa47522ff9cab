import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { LogHistogram } from '#runtime/histogram.ts';
import { Metrics, parseMetrics } from '#runtime/metrics.ts';

function newMetrics(t: TestContext, name = 'edge-1'): Metrics {
  const metrics = new Metrics({ component: 'edge', name });
  t.after(() => metrics.close());
  return metrics;
}

test('what was counted is read back, in all and by label', async (t) => {
  const metrics = newMetrics(t);
  const refused = metrics.counter('refused_total', 'Refused.', ['reason']);
  refused.inc({ reason: 'bad-credentials' }, 2);
  refused.inc({ reason: 'oversized-packet' });
  let cars = 5;
  metrics.gauge('cars', 'Cars.', () => cars);
  cars = 7;
  const parsed = parseMetrics(await metrics.text());
  assert.equal(parsed.value('refused_total'), 3);
  assert.equal(parsed.value('refused_total', { reason: 'bad-credentials', component: 'edge' }), 2);
  assert.equal(parsed.value('refused_total', { reason: 'bad-credentials', component: 'bridge' }), 0);
  assert.deepEqual(Object.fromEntries(parsed.byLabel('refused_total', 'reason')), {
    'bad-credentials': 2,
    'oversized-packet': 1,
  });
  assert.equal(parsed.value('cars'), 7);
  assert.equal(parsed.value('never_heard_of'), 0);
  assert.equal(parsed.has('never_heard_of'), false);
});

test('asking for a name again gives the same metric', async (t) => {
  const metrics = newMetrics(t);
  metrics.counter('messages_total', 'M.').inc();
  metrics.counter('messages_total', 'M.').inc();
  metrics.histogram('delay_ms', 'D.').record(1);
  metrics.histogram('delay_ms', 'D.').record(2);
  const parsed = parseMetrics(await metrics.text());
  assert.equal(parsed.value('messages_total'), 2);
  assert.equal(parsed.value('delay_ms_count'), 2);
});

test('a histogram crosses the text unchanged', async (t) => {
  const metrics = newMetrics(t);
  const histogram = metrics.histogram('delay_ms', 'Delay.');
  const values = fc.sample(fc.double({ min: 0, max: 1e9, noNaN: true }), 500);
  for (const value of values) histogram.record(value);
  const read = parseMetrics(await metrics.text()).histogram('delay_ms');
  assert.deepEqual([...read.cumulativeBuckets()], [...histogram.cumulativeBuckets()]);
  assert.deepEqual([read.count, read.sum, read.max], [histogram.count, histogram.sum, histogram.max]);
});

test('histograms of two processes add up when their texts are read as one', async (t) => {
  const [one, two] = [newMetrics(t, 'edge-1'), newMetrics(t, 'edge-2')];
  one.histogram('delay_ms', 'Delay.').record(3, 10);
  two.histogram('delay_ms', 'Delay.').record(900, 5);
  const read = parseMetrics((await one.text()) + (await two.text())).histogram('delay_ms');
  const expected = new LogHistogram();
  expected.record(3, 10);
  expected.record(900, 5);
  assert.deepEqual([...read.cumulativeBuckets()], [...expected.cumulativeBuckets()]);
  assert.equal(read.sum, 4530);
});

test('the text is well formed: each family is declared once, before its samples, and buckets rise', async (t) => {
  const metrics = newMetrics(t);
  metrics.histogram('delay_ms', 'Delay.').record(5);
  metrics.histogram('delay_ms', 'Delay.').record(1e15);
  metrics.histogram('empty_ms', 'Empty.');
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '');
  const declared = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
  assert.equal(new Set(declared).size, declared.length);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('delay_ms_bucket')).map((line) => line.split(' ')[1]),
    ['1', '2'],
  );
  assert.ok(lines.includes('empty_ms_bucket{le="+Inf",component="edge",name="edge-1"} 0'));
});

test('the process shows its CPU time, memory and event loop', async (t) => {
  const metrics = newMetrics(t);
  const before = parseMetrics(await metrics.text()).value('process_cpu_seconds_total');
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < 50_000);
  metrics.addEventLoop(() => 123_456);
  const parsed = parseMetrics(await metrics.text());
  assert.ok(parsed.value('process_cpu_seconds_total') >= before + 0.05);
  assert.ok(parsed.value('process_resident_memory_bytes') > 10e6);
  assert.equal(parsed.value('fleetbed_event_loop_delay_p99_ms'), 123_456);
});

test('labels with quotes, backslashes and line ends are read back', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', '{', '}', ',', '=', ' ') }),
      async (name) => {
        const metrics = newMetrics(t, name);
        metrics.gauge('cars', 'Cars.').set(1);
        metrics.histogram('delay_ms', 'Delay.').record(1);
        const parsed = parseMetrics(await metrics.text());
        assert.equal(parsed.value('cars', { name }), 1);
        assert.equal(parsed.histogram('delay_ms').count, 1);
        assert.equal(parsed.value('delay_ms_count', { name }), 1);
        metrics.close();
      },
    ),
    { numRuns: 100 },
  );
});

test('a foreign text with timestamps and special values is read; a broken line is named', () => {
  const parsed = parseMetrics('# HELP a b\na{x="1"} 4 1700000000000\na{x="2"} +Inf\nb NaN\n\n');
  assert.equal(parsed.value('a', { x: '1' }), 4);
  assert.equal(parsed.value('a'), Infinity);
  assert.equal(parsed.value('b'), Number.NaN);
  assert.throws(() => parseMetrics('a 1\nnot a line at all\n'), /line 2/);
});
