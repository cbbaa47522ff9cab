import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#test/until.ts';
import { distinct, testBridge } from '../bridge-stand-in.ts';
import { identities, storedFrames, tempFolder, testCar, testEdge, vin } from '../rig.ts';

const options = { timeout: 60_000 };
const seqs = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${vin}/1/${from + index}`);

test(
  'frames reach the bridge in order, each at least once, over a link that is cut again and again',
  options,
  async (t) => {
    const bridge = await testBridge(t);
    let count = 0;
    bridge.onFrame = () => (++count % 23 === 0 ? 'cut' : 'ack');
    const edge = await testEdge(t, await tempFolder(t), { outbox: { maxFrameEntries: 10 } }, bridge.port);
    const car = await testCar(t, edge.port, vin);
    car.sendSeqs(1, 1, 300);
    const frames = async (): Promise<number> => (await edge.metrics()).value('fleetbed_outbox_frames');
    await until(async () => car.acked.length === 300 && (await frames()) === 0);
    assert.ok(bridge.arrived.length > distinct(bridge.arrived).length, 'some came twice');
    const numbers = distinct(bridge.arrived).map((frame) => frame.number);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
    assert.deepEqual(identities(distinct(bridge.arrived)), seqs(1, 300));
    await edge.drain();
    assert.deepEqual(storedFrames(edge.folder), [], 'nothing is kept of what was acknowledged');
  },
);

test('only frames that waited for more than a second are called stored', options, async (t) => {
  const bridge = await testBridge(t);
  const edge = await testEdge(t, await tempFolder(t), {}, bridge.port);
  const car = await testCar(t, edge.port, vin);
  car.sendSeqs(1, 1, 5);
  await until(() => bridge.arrived.length > 0 && car.acked.length === 5);
  assert.ok(bridge.arrived.every((frame) => !frame.stored));
  bridge.onFrame = () => 'hold';
  const live = bridge.arrived.length;
  car.sendSeqs(1, 6, 10);
  await until(() => bridge.arrived.length > live);
  const { port } = bridge;
  await bridge.close();
  car.sendSeqs(1, 11, 15);
  await sleep(1200);
  const later = await testBridge(t, port);
  await until(() => identities(later.arrived).length === 10);
  assert.deepEqual(identities(later.arrived), seqs(6, 15));
  assert.ok(
    later.arrived.every((frame) => frame.stored),
    'one was in flight when the link was lost, one never sent: both are history',
  );
});

test(
  'a backlog larger than the memory comes back from disk in order, behind it what is new',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const settings = { outbox: { maxFrameEntries: 5 }, uplink: { memoryBytes: 20_000, window: 4 } };
    const before = await testEdge(t, folder, settings);
    const car = await testCar(t, before.port, vin);
    car.sendSeqs(1, 1, 400);
    await until(() => car.acked.length === 400);
    await before.drain();
    car.client.destroy();
    const bridge = await testBridge(t);
    const after = await testEdge(t, folder, settings, bridge.port);
    const again = await testCar(t, after.port, vin);
    again.sendSeqs(1, 401, 500);
    await until(() => identities(distinct(bridge.arrived)).length === 500);
    assert.deepEqual(identities(distinct(bridge.arrived)), seqs(1, 500));
    const queued = (await after.metrics()).value('fleetbed_uplink_queued_bytes');
    assert.ok(queued <= 40_000);
  },
);

test('numbers go on after everything was acknowledged and the edge was restarted', options, async (t) => {
  const folder = await tempFolder(t);
  const bridge = await testBridge(t);
  for (const round of [1, 2, 3]) {
    const edge = await testEdge(t, folder, {}, bridge.port);
    const car = await testCar(t, edge.port, vin);
    car.sendSeqs(1, round, round);
    await until(() => bridge.arrived.length === round);
    await edge.drain();
    car.client.destroy();
  }
  assert.deepEqual(
    bridge.arrived.map((frame) => frame.number),
    [1, 2, 3],
  );
  assert.equal(new Set(bridge.arrived.map((frame) => frame.epoch)).size, 1);
});

test('at the end the bridge still gets what is in the outbox', options, async (t) => {
  const bridge = await testBridge(t);
  bridge.onFrame = () => 'hold';
  const edge = await testEdge(t, await tempFolder(t), {}, bridge.port);
  const car = await testCar(t, edge.port, vin);
  car.sendSeqs(1, 1, 100);
  await until(() => car.acked.length === 100);
  bridge.onFrame = () => 'ack';
  setTimeout(() => bridge.release(), 200);
  await edge.drain();
  assert.deepEqual(storedFrames(edge.folder), []);
  assert.deepEqual(identities(distinct(bridge.arrived)), seqs(1, 100));
});
