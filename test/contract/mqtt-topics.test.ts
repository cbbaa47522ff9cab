import assert from 'node:assert/strict';
import test from 'node:test';
import {
  carMayPublish,
  carMaySubscribe,
  carTopics,
  edgeMayPublish,
  edgeMaySubscribe,
  edgeTopics,
} from '#contract/mqtt-topics.ts';

const car = 'WVWZZZ1JZ3W386752';
const otherCar = 'WVWZZZ1JZ3W386753';

test('a car publishes its own telemetry and nothing else', () => {
  assert.ok(carMayPublish(car, `vehicles/${car}/telemetry`));
  for (const topic of [
    carTopics.telemetry(otherCar),
    carTopics.alarm(car),
    `vehicles/${car}/telemetry/`,
    `vehicles/${car}`,
    'vehicles/+/telemetry',
    edgeTopics.uplink(car),
    '$SYS/broker',
    '',
  ]) {
    assert.equal(carMayPublish(car, topic), false, topic);
  }
});

test('a car hears its own alarms and nothing else', () => {
  assert.ok(carMaySubscribe(car, `vehicles/${car}/alarm`));
  for (const filter of [
    carTopics.alarm(otherCar),
    carTopics.telemetry(car),
    'vehicles/+/alarm',
    '#',
    `$share/g/vehicles/${car}/alarm`,
  ]) {
    assert.equal(carMaySubscribe(car, filter), false, filter);
  }
});

test('an edge publishes its own frames and state and nothing else', () => {
  assert.ok(edgeMayPublish('edge-1', 'edges/edge-1/uplink'));
  assert.ok(edgeMayPublish('edge-1', 'edges/edge-1/state'));
  for (const topic of [
    edgeTopics.uplink('edge-2'),
    edgeTopics.state('edge-2'),
    edgeTopics.desired('edge-1'),
    'releases/r/manifest',
  ]) {
    assert.equal(edgeMayPublish('edge-1', topic), false, topic);
  }
});

test('an edge hears what it should run, and single parts of releases', () => {
  for (const filter of [
    'edges/edge-1/desired',
    'releases/r-7/manifest',
    'releases/r-7/chunk/0',
    'releases/r-7/chunk/79',
  ]) {
    assert.ok(edgeMaySubscribe('edge-1', filter), filter);
  }
  for (const filter of [
    edgeTopics.desired('edge-2'),
    edgeTopics.uplink('edge-1'),
    'edges/+/desired',
    'releases/+/manifest',
    'releases/r-7/chunk/+',
    'releases/r-7/#',
    'releases/r-7/chunk/1/2',
    'releases/#',
    '#',
  ]) {
    assert.equal(edgeMaySubscribe('edge-1', filter), false, filter);
  }
});
