import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterMidnight, timeFormat } from '#simulator/recorded/time-format.ts';

const read = (format: string, text: string, decimal: '.' | ',' = '.'): number | undefined =>
  timeFormat(format, decimal)?.read(text);

test('numbers of any unit, since any zero', () => {
  assert.equal(read('seconds', '1.5'), 1500);
  assert.equal(read('seconds', '1,5', ','), 1500);
  assert.equal(read('milliseconds', '1700000000123'), 1_700_000_000_123);
  assert.equal(read('microseconds', '1500'), 1.5);
  assert.equal(read('minutes', '2'), 120_000);
  assert.equal(read('days', '0.5'), 43_200_000);
  for (const wrong of ['', 'x', '1:30', '1.2.3', 'NaN', 'Infinity'])
    assert.ok(Number.isNaN(read('seconds', wrong)));
});

test('ISO 8601 with and without zone, a bare clock, and patterns', () => {
  const at = Date.UTC(2026, 4, 4, 6, 7, 8, 250);
  assert.equal(read('iso', '2026-05-04T06:07:08.250Z'), at);
  assert.equal(read('iso', '2026-05-04 08:07:08.25+02:00'), at);
  assert.equal(read('iso', '2026-05-04 06:07:08.25'), at, 'no zone is as good as any');
  assert.equal(read('iso', '2026-05-04T06:07'), at - 8250);
  assert.equal(read('clock', '6:07:08.25'), 22_028_250);
  assert.equal(read('DD-MMM-YYYY HH:mm:ss.SSS', '4-May-2026 06:07:08.250'), at);
  assert.equal(read('MM/DD/YYYY hh:mm:ss a', '05/04/2026 12:07:08 AM'), Date.UTC(2026, 4, 4, 0, 7, 8));
  assert.equal(read('MM/DD/YYYY hh:mm:ss a', '05/04/2026 12:07:08 PM'), Date.UTC(2026, 4, 4, 12, 7, 8));
  assert.ok(Number.isNaN(read('DD-MMM-YYYY HH:mm:ss', '4-Foo-2026 06:07:08')!));
  assert.ok(Number.isNaN(read('iso', '04.05.2026')!));
});

test('what is no format at all is none', () => {
  for (const wrong of ['second', 'YYYY-MM-DD', 'hello', ''])
    assert.equal(timeFormat(wrong), undefined, wrong);
});

test('a clock without a date goes on after midnight', () => {
  const day = 86_400_000;
  assert.equal(afterMidnight(1000, day - 1000), day + 1000);
  assert.equal(afterMidnight(day - 2000, day - 1000), day - 2000, 'a little back is no midnight');
  assert.equal(afterMidnight(1000, 2 * day + 500), 2 * day + 1000);
});
