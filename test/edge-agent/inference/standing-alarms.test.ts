import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejudgedAfterSeconds, StandingAlarms } from '#edge-agent/inference/standing-alarms.ts';
import type { Transition } from '#model/detector.ts';
import { telemetry, vin } from '../rig.ts';

const readings = 10;
/** Of telemetry(): a reading a second. */
const batchSeconds = readings;

function transition(alarm: 'raised' | 'cleared', signal: Transition['signal'], reading = 0): Transition {
  return { reading, alarm, signal, dtc: 'P0217', cause: 'engine', score: 2 };
}

/** News of one more batch of a car, as "signal raised". */
function judge(alarms: StandingAlarms, slot: number, ...transitions: Transition[]): string[] {
  const scores = new Float32Array(readings).fill(0.25);
  const news = alarms.news(slot, telemetry(vin, 1, 1, readings), { scores, transitions });
  return news.map(({ signal, alarm }) => `${signal} ${alarm}`);
}

test('raised, cleared, raised again: each is news', () => {
  const alarms = new StandingAlarms();
  assert.deepEqual(judge(alarms, 1, transition('raised', 'oilPressure')), ['oilPressure raised']);
  assert.deepEqual(judge(alarms, 1), []);
  assert.equal(alarms.cars, 1);
  const both = [transition('cleared', 'oilPressure', 2), transition('raised', 'oilPressure', 5)];
  assert.deepEqual(judge(alarms, 1, ...both), ['oilPressure cleared', 'oilPressure raised']);
  assert.deepEqual(judge(alarms, 1, transition('cleared', 'oilPressure')), ['oilPressure cleared']);
  assert.equal(alarms.cars, 0, 'nothing is kept of a car without an alarm');
});

test('what stands at a swap is not raised twice, and is cleared when the new model clears it', () => {
  const alarms = new StandingAlarms();
  judge(alarms, 1, transition('raised', 'oilPressure'));
  alarms.inherit();
  assert.deepEqual(judge(alarms, 1, transition('raised', 'oilPressure')), [], 'the same alarm');
  assert.deepEqual(
    judge(alarms, 2, transition('raised', 'oilPressure')),
    ['oilPressure raised'],
    'another car',
  );
  for (let seconds = 0; seconds < 2 * rejudgedAfterSeconds; seconds += batchSeconds)
    assert.deepEqual(judge(alarms, 1), []);
  assert.deepEqual(judge(alarms, 1, transition('cleared', 'oilPressure')), ['oilPressure cleared']);
});

test('what stands at a swap and is not raised again is cleared once the new model has judged the car', () => {
  const alarms = new StandingAlarms();
  judge(alarms, 1, transition('raised', 'oilPressure'), transition('raised', 'lambda'));
  alarms.inherit();
  judge(alarms, 1, transition('raised', 'lambda'));
  for (let seconds = 2 * batchSeconds; seconds < rejudgedAfterSeconds; seconds += batchSeconds)
    assert.deepEqual(judge(alarms, 1), []);
  const scores = Float32Array.of(0.5, 0.125);
  const batch = { ...telemetry(vin, 1, 1, 2), intervalMs: 5000 };
  assert.deepEqual(alarms.news(1, batch, { scores, transitions: [] }), [
    { ...transition('cleared', 'oilPressure', 1), score: 0.125 },
  ]);
  assert.deepEqual(judge(alarms, 1, transition('cleared', 'lambda')), ['lambda cleared']);
});

test('every swap gives the new model its time', () => {
  const alarms = new StandingAlarms();
  judge(alarms, 1, transition('raised', 'oilPressure'));
  for (const _swap of [1, 2, 3]) {
    alarms.inherit();
    for (let seconds = batchSeconds; seconds < rejudgedAfterSeconds; seconds += batchSeconds)
      assert.deepEqual(judge(alarms, 1), []);
  }
  assert.deepEqual(judge(alarms, 1), ['oilPressure cleared']);
});

test('a car that is forgotten leaves no alarm to the next one in its slot', () => {
  const alarms = new StandingAlarms();
  judge(alarms, 1, transition('raised', 'oilPressure'));
  alarms.forget(1);
  assert.deepEqual(judge(alarms, 1, transition('cleared', 'oilPressure')), []);
  assert.deepEqual(judge(alarms, 1, transition('raised', 'oilPressure')), ['oilPressure raised']);
});
