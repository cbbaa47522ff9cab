import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Frame } from '#contract/frame.ts';
import { evictionCodec, type Eviction } from '#contract/ledger-records.ts';
import { Store } from '#edge-agent/outbox/store.ts';
import { until } from '#test/until.ts';
import { distinct, testBridge, type TestBridge } from '../bridge-stand-in.ts';
import { childEdge } from '../child-edge.ts';
import { identities, storedFrames, tempFolder, testCar, testEdge, vin, type TestEdge } from '../rig.ts';

const options = { timeout: 60_000 };

/** A message takes about 900 bytes: the outbox holds six frames of one message each. */
const outbox = { maxBytes: 6500, whenFull: 'drop-oldest', linger: 0, maxFrameEntries: 1 };

function smallEdge(t: TestContext, folder: string, bridge?: TestBridge, window = 2): Promise<TestEdge> {
  const uplink = { window, flushTimeout: 5 };
  return testEdge(t, folder, { outbox, uplink }, bridge?.port);
}

function notices(frames: readonly Pick<Frame, 'entries'>[]): Eviction[] {
  return frames
    .flatMap(({ entries }) => entries)
    .filter(({ destination }) => destination === 'fleet.ledger')
    .map(({ value }) => evictionCodec.decode(value));
}

/** "vin/session/seq" of all that notices name, each as often as it is named. */
function named(evictions: readonly Eviction[]): string[] {
  return evictions.flatMap(({ ranges }) =>
    ranges.flatMap(({ vin: car, session, fromSeq, toSeq }) =>
      Array.from({ length: toSeq - fromSeq + 1 }, (_, index) => `${car}/${session}/${fromSeq + index}`),
    ),
  );
}

const sent = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${vin}/1/${from + index}`);

const sorted = (ids: readonly string[]): string[] => ids.toSorted();

test(
  'while the bridge is away the newest stay; it gets them, and then which are gone, over a restart',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const first = await smallEdge(t, folder);
    const car = await testCar(t, first.port, vin);
    car.sendSeqs(1, 1, 30);
    await until(() => car.acked.length === 30);
    const metrics = await first.metrics();
    const dropped = metrics.value('fleetbed_outbox_evicted_frames_total') ?? 0;
    assert.equal(metrics.value('fleetbed_outbox_evicted_messages_total'), dropped);
    assert.ok((metrics.value('fleetbed_outbox_bytes') ?? 0) <= outbox.maxBytes);
    await first.drain();

    const kept = storedFrames(folder);
    assert.deepEqual(identities(kept), sent(dropped + 1, 30));
    assert.ok(dropped >= 20 && dropped < 30, `${dropped} were dropped`);

    const bridge = await testBridge(t);
    await smallEdge(t, folder, bridge);
    await until(() => notices(bridge.arrived).length > 0);
    assert.deepEqual(identities(bridge.arrived), sent(dropped + 1, 30));
    const [notice] = notices(bridge.arrived);
    assert.deepEqual(JSON.parse(JSON.stringify({ ...notice, at: 0 })), {
      edge: 'edge-1',
      at: 0,
      epoch: first.epoch,
      firstFrame: 1,
      lastFrame: dropped,
      predictions: 0,
      unnamed: 0,
      ranges: [{ vin, session: 1, fromSeq: 1, toSeq: dropped }],
    });
  },
);

test('what is in flight stays, and the file with its gap is sound', options, async (t) => {
  const folder = await tempFolder(t);
  const bridge = await testBridge(t);
  bridge.onFrame = () => 'hold';
  const edge = await smallEdge(t, folder, bridge);
  const car = await testCar(t, edge.port, vin);
  car.sendSeqs(1, 1, 2);
  await until(() => bridge.arrived.length === 2);
  car.sendSeqs(1, 3, 30);
  await until(() => car.acked.length === 30);
  await edge.drain();
  const store = Store.open(folder);
  assert.deepEqual(store.contents.notes, []);
  assert.equal(store.contents.epoch, edge.epoch);
  store.close();
  const kept = identities(storedFrames(folder));
  assert.deepEqual(kept.slice(0, 2), sent(1, 2));
  assert.deepEqual(kept.slice(2), sent(30 - kept.length + 3, 30));

  const other = await testBridge(t);
  await smallEdge(t, folder, other);
  await until(() => notices(other.arrived).length > 0);
  assert.deepEqual(identities(other.arrived), kept);
  assert.deepEqual(named(notices(other.arrived)), sent(3, 30 - kept.length + 2));
});

test('when all is in flight cars wait, and nothing is dropped', options, async (t) => {
  const bridge = await testBridge(t);
  bridge.onFrame = () => 'hold';
  const edge = await smallEdge(t, await tempFolder(t), bridge, 100);
  const car = await testCar(t, edge.port, vin);
  let count = 0;
  // One by one, so that each is in flight before the next one comes.
  while (car.acked.length === count) {
    count += 1;
    car.sendSeqs(1, count, count);
    const inTime = until(() => bridge.arrived.length === count);
    const isFull = (await edge.metrics()).value('fleetbed_outbox_bytes') ?? 0;
    if (isFull + 1000 > outbox.maxBytes) break;
    await inTime;
    await until(() => car.acked.length === count);
  }
  bridge.onFrame = () => 'ack';
  bridge.release();
  await until(() => bridge.arrived.length === count && car.acked.length === count);
  assert.deepEqual(identities(bridge.arrived), sent(1, count));
  assert.equal((await edge.metrics()).value('fleetbed_outbox_evicted_frames_total'), 0);
});

/** Repeats itself for a seed. */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test(
  'a bridge that comes, stalls and goes: what arrived and what notices name is all that was acknowledged',
  options,
  async (t) => {
    for (const seed of [1, 2, 3, 4]) {
      const draw = draws(seed);
      const folder = await tempFolder(t);
      const bridge = await testBridge(t);
      // Also notices are cut off and dropped again this way.
      bridge.onFrame = () => (['ack', 'ack', 'hold', 'cut'] as const)[draw(4)] ?? 'ack';
      const edge = await smallEdge(t, folder, bridge, 1 + draw(4));
      const car = await testCar(t, edge.port, vin);
      let last = 0;
      for (let round = 0; round < 12; round++) {
        const from = last + 1;
        last += 1 + draw(15);
        car.sendSeqs(1, from, last);
        // What is in flight may fill the outbox: then nothing is acknowledged before the bridge is heard.
        await until(() => {
          const isDone = car.acked.length === last;
          if (!isDone) bridge.release();
          return isDone;
        });
      }
      bridge.onFrame = () => 'ack';
      bridge.release();
      await until(() => car.acked.length === last);
      await until(async () => (await edge.metrics()).value('fleetbed_outbox_frames') === 0);
      const frames = distinct(bridge.arrived);
      const gone = named(notices(frames));
      assert.deepEqual(sorted([...identities(frames), ...gone]), sorted(sent(1, last)), `seed ${seed}`);
      assert.ok(gone.length > 0, `seed ${seed} drops nothing`);
      const numbers = frames.map(({ number }) => number);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        'in order',
      );
      assert.deepEqual(edge.failures, []);
      await edge.drain();
    }
  },
);

test('after kill -9 each message that was acknowledged is in a frame or in a notice', options, async (t) => {
  const folder = await tempFolder(t);
  const acked = new Map<string, number>();
  const settings = { outbox: { ...outbox, maxBytes: 60_000, maxFrameEntries: 20 } };
  for (const life of [1, 2, 3]) {
    const edge = await childEdge(t, folder, settings);
    const cars = await Promise.all([1, 2, 3, 4].map((n) => testCar(t, edge.port, `${vin}${n}`)));
    for (const car of cars) car.sendSeqs(1, (acked.get(car.vin) ?? 0) + 1, life * 2000);
    await until(() => cars.every((car) => car.acked.length > 150));
    edge.process.kill('SIGKILL');
    await edge.exited;
    for (const car of cars) {
      car.client.destroy();
      acked.set(car.vin, Math.max(...car.acked));
    }
  }
  const dataDir = `${folder}/outbox`;
  const store = Store.open(dataDir);
  assert.deepEqual(store.contents.notes, []);
  const untold = store.eviction('edge-1', 1);
  store.close();
  const frames = storedFrames(dataDir);
  const gone = named([...notices(frames), ...(untold ? [untold] : [])]);
  const found = [...identities(frames), ...gone];
  const present = new Set(found);
  assert.equal(present.size, found.length, 'nothing is there twice');
  for (const [car, last] of acked) {
    for (let seq = 1; seq <= last; seq++)
      assert.ok(present.has(`${car}/1/${seq}`), `${car}/1/${seq} is neither kept nor named`);
  }
  assert.ok(gone.length > 1000);
});
