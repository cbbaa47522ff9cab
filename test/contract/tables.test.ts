import assert from 'node:assert/strict';
import test from 'node:test';
import { dtcOf, failures, kindOf } from '#contract/failures.ts';
import { signalCount, signalIndex, signalNames, signals } from '#contract/signals.ts';
import { topicConfig, topicName, topics } from '#contract/topics.ts';

const localRun = { tieredStorage: true, localRetentionMs: 1000, segmentBytes: 1_048_576 };

test('the order of the topics is on disk, in frames that wait at an edge: only ever add behind it', () => {
  const order = [
    'fleet.telemetry',
    'fleet.predictions',
    'fleet.truth',
    'fleet.models',
    'fleet.desired',
    'fleet.edges',
    'fleet.frames',
    'fleet.deadletter',
    'fleet.ledger',
    'fleet.control',
  ];
  assert.deepEqual(topics.map(({ name }) => name).slice(0, order.length), order);
  assert.equal(new Set(topics.map(({ name }) => name)).size, topics.length);
  assert.ok(topics.length <= 256, 'a destination is one byte');
});

test('the order of the signals is on the wire', () => {
  assert.equal(
    signalNames.join(' '),
    'speed engineSpeed throttlePosition manifoldPressure massAirFlow intakeAirTemperature coolantTemperature ' +
      'oilTemperature oilPressure shortTermFuelTrim longTermFuelTrim lambda catalystTemperature batteryVoltage ' +
      'batteryCurrent vibrationRms vibrationKurtosis ambientTemperature ambientPressure gear',
  );
  assert.equal(signalCount, signals.length);
  assert.deepEqual(
    signalNames.map((name) => signalIndex[name]),
    signalNames.map((_, index) => index),
  );
});

test('every signal has a path of its own, and a range that holds many steps of its resolution', () => {
  assert.equal(new Set(signals.map(({ path }) => path)).size, signals.length);
  for (const { name, range, resolution } of signals) {
    assert.ok(resolution > 0 && (range.max - range.min) / resolution > 10, name);
  }
});

test('only what is not compacted is tiered, and what is compacted never expires', () => {
  for (const spec of topics) {
    const config = topicConfig(spec, localRun);
    assert.equal(config['cleanup.policy'], spec.cleanup, spec.name);
    assert.equal('remote.storage.enable' in config, spec.tiered, spec.name);
    assert.ok(!(spec.tiered && spec.cleanup === 'compact'), spec.name);
    assert.equal('retention.ms' in config, spec.cleanup === 'delete', spec.name);
  }
});

test('without tiered storage no topic asks for it', () => {
  for (const spec of topics) {
    const config = topicConfig(spec, { ...localRun, tieredStorage: false });
    assert.deepEqual(
      Object.keys(config).filter((key) => /remote|local/.test(key)),
      [],
    );
  }
});

test('the brokers date what is measured by append time', () => {
  assert.equal(topics.find(({ name }) => name === 'fleet.telemetry')?.timestamps, 'LogAppendTime');
});

test('a prefix stands before every name', () => {
  assert.equal(topicName('fleet.frames', 'team-a.'), 'team-a.fleet.frames');
  assert.equal(topicName('fleet.frames'), 'fleet.frames');
});

test('every failure has its own id; trouble codes are codes of the power train', () => {
  assert.equal(new Set(failures.map(({ id }) => id)).size, failures.length);
  for (const { dtc, id, kind } of failures) {
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(dtc === null || /^P0\d{3}$/.test(dtc), id);
    assert.ok(kind !== 'benign' || dtc === null, id);
  }
});

test('a code hangs on the sensor where a sensor fails, and is a standard one', () => {
  for (const { id, kind, dtc } of failures) {
    for (const sensor of signalNames) {
      const code = dtcOf(id, sensor);
      assert.ok(code === null || /^P[02]\d{3}$/.test(code), `${id} of ${sensor}: ${code}`);
      if (kind !== 'sensor') assert.equal(code, dtc);
    }
    assert.equal(dtcOf(id, 'coolantTemperature'), dtc, id);
    assert.equal(kindOf(id), kind);
  }
  assert.equal(kindOf('rust'), undefined);
  assert.throws(() => dtcOf('rust', 'speed'), /rust is not in the table of failures/);
});
