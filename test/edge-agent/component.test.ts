import assert from 'node:assert/strict';
import { test } from 'node:test';
import { password } from '#contract/identity.ts';
import { deadLetterCodec } from '#contract/records.ts';
import { decodeTelemetry, encodeTelemetry } from '#contract/telemetry.ts';
import { until } from '#test/until.ts';
import { testBridge } from './bridge-stand-in.ts';
import {
  fleetSecret,
  identities,
  storedFrames,
  telemetry,
  tempFolder,
  testCar,
  testEdge,
  vin,
} from './rig.ts';

const options = { timeout: 60_000 };

test('what is acknowledged is in the outbox, each message once and in order', options, async (t) => {
  const edge = await testEdge(t, await tempFolder(t));
  const cars = await Promise.all([1, 2, 3].map((n) => testCar(t, edge.port, `${vin}${n}`)));
  for (const car of cars) car.sendSeqs(7, 1, 200);
  await until(() => cars.every((car) => car.acked.length === 200));
  await edge.drain();
  const stored = identities(storedFrames(edge.folder));
  for (const car of cars) {
    const ofCar = stored.filter((identity) => identity.startsWith(`${car.vin}/`));
    assert.deepEqual(
      ofCar,
      Array.from({ length: 200 }, (_, index) => `${car.vin}/7/${index + 1}`),
    );
  }
});

test(
  'a payload that cannot be read becomes a dead letter with its bytes, and is acknowledged',
  options,
  async (t) => {
    const edge = await testEdge(t, await tempFolder(t));
    const car = await testCar(t, edge.port, vin);
    const rubbish = [
      [Buffer.from('rubbish'), 'not-telemetry'],
      [Buffer.alloc(0), 'not-telemetry'],
      [Buffer.from('{"speed": "fast"}'), 'bad-json'],
      [encodeTelemetry(telemetry('ANOTHERCAR', 1, 1)), 'foreign-vin'],
      [encodeTelemetry(telemetry(vin, 1, 1)).subarray(0, 60), 'truncated'],
    ] as const;
    for (const [index, [bytes]] of rubbish.entries()) car.send(Buffer.from(bytes), index);
    await until(() => car.acked.length === rubbish.length);
    const metrics = await edge.metrics();
    await edge.drain();
    const entries = storedFrames(edge.folder).flatMap((frame) => frame.entries);
    assert.equal(entries.length, rubbish.length);
    for (const [index, [bytes, reason]] of rubbish.entries()) {
      const entry = entries[index];
      assert.equal(entry?.destination, 'fleet.deadletter');
      assert.equal(entry?.key, 'edge-1');
      const letter = deadLetterCodec.decode(entry?.value ?? Buffer.alloc(0));
      assert.equal(letter.reason, reason);
      assert.equal(letter.topic, `vehicles/${vin}/telemetry`);
      assert.equal(letter.key, vin);
      assert.deepEqual(Buffer.from(letter.bytes), Buffer.from(bytes));
      assert.ok(metrics.value('fleetbed_edge_dead_letters_total', { reason }) > 0);
    }
  },
);

test('a JSON reading is stored as the Avro record, numbered at the door', options, async (t) => {
  const edge = await testEdge(t, await tempFolder(t));
  const car = await testCar(t, edge.port, vin);
  for (const speed of [10, 20]) car.send(Buffer.from(JSON.stringify({ speed, gear: null })), speed);
  await until(() => car.acked.length === 2);
  await edge.drain();
  const [first, second] = storedFrames(edge.folder)
    .flatMap((frame) => frame.entries)
    .map((entry) => decodeTelemetry(entry.value));
  assert.deepEqual([first?.columns[0]?.[0], second?.columns[0]?.[0]], [10, 20]);
  assert.deepEqual([first?.seq, second?.seq], [1, 2]);
  assert.equal(first?.session, second?.session);
  assert.equal(first?.vin, vin);
});

test(
  'over a new connection a duplicate is acknowledged when its original is durable, and not stored',
  options,
  async (t) => {
    const edge = await testEdge(t, await tempFolder(t), { outbox: { linger: '1500ms' } });
    const value = async (name: string): Promise<number> => (await edge.metrics()).value(name);
    const first = await testCar(t, edge.port, vin);
    first.sendSeqs(1, 1, 20);
    await until(async () => (await value('fleetbed_edge_messages_total')) === 20);
    const second = await testCar(t, edge.port, vin);
    first.client.destroy();
    second.sendSeqs(1, 1, 20);
    await until(async () => (await value('fleetbed_edge_duplicates_total')) === 20);
    assert.equal(await value('fleetbed_outbox_frames'), 0, 'the originals wait for their commit');
    assert.deepEqual(second.acked, []);
    await until(() => second.acked.length === 20);
    second.sendSeqs(1, 20, 20);
    await until(() => second.acked.length === 21);
    await edge.drain();
    assert.deepEqual(
      identities(storedFrames(edge.folder)),
      Array.from({ length: 20 }, (_value, index) => `${vin}/1/${index + 1}`),
    );
  },
);

test(
  'messages that were acknowledged before a restart are acknowledged again and not stored twice',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const before = await testEdge(t, folder);
    const car = await testCar(t, before.port, vin);
    car.sendSeqs(1, 1, 50);
    await until(() => car.acked.length === 50);
    await before.drain();
    car.client.destroy();
    const after = await testEdge(t, folder);
    assert.equal(after.epoch, before.epoch);
    const again = await testCar(t, after.port, vin);
    again.sendSeqs(1, 31, 60);
    await until(() => again.acked.length === 30);
    await after.drain();
    const frames = storedFrames(folder);
    assert.deepEqual(
      identities(frames),
      Array.from({ length: 60 }, (_, index) => `${vin}/1/${index + 1}`),
    );
    assert.deepEqual(
      frames.map((frame) => frame.number),
      frames.map((_, index) => index + 1),
      'numbers go on without a gap',
    );
  },
);

test(
  'a wrong password, a foreign client id and a foreign topic are refused and counted',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const edge = await testEdge(t, folder);
    const car = await testCar(t, edge.port, vin);
    const refused = async (reason: string): Promise<number> =>
      (await edge.metrics()).value('fleetbed_edge_refused_total', { reason });
    car.client.publish('vehicles/OTHERCAR/telemetry', Buffer.from('x'), 0, 0);
    await until(async () => (await refused('forbidden-topic')) === 1);
    car.client.destroy();
    void testCar(t, edge.port, vin, { clientId: 'OTHERCAR' });
    await until(async () => (await refused('foreign-client-id')) > 0);
    void testCar(t, edge.port, 'OTHERCAR', { password: password(fleetSecret, vin) });
    await until(async () => (await refused('bad-credentials')) > 0);
    await edge.drain();
    const letters = storedFrames(folder).flatMap(({ entries }) =>
      entries.map((entry) => deadLetterCodec.decode(entry.value)),
    );
    assert.deepEqual(
      letters.map(({ reason, topic, key, bytes }) => [reason, topic, key, bytes.toString()]),
      [['forbidden-topic', 'vehicles/OTHERCAR/telemetry', vin, 'x']],
      'what came on a foreign topic is kept, and names who sent it',
    );
  },
);

test(
  'at the limit of the outbox nothing is acknowledged, and cars go on when the bridge is back',
  options,
  async (t) => {
    const bridge = await testBridge(t);
    bridge.onFrame = () => 'hold';
    const settings = { outbox: { maxBytes: 100_000, maxFrameEntries: 10 }, maxHeldPerCar: 16 };
    const edge = await testEdge(t, await tempFolder(t), settings, bridge.port);
    const car = await testCar(t, edge.port, vin);
    car.sendSeqs(1, 1, 500);
    const value = async (name: string): Promise<number> => (await edge.metrics()).value(name);
    const isFull = async (): Promise<boolean> =>
      (await value('fleetbed_edge_held_messages')) === 16 && (await value('fleetbed_outbox_bytes')) > 80_000;
    await until(isFull);
    assert.ok((await value('fleetbed_outbox_bytes')) <= 100_000);
    assert.ok(car.acked.length < 200);
    assert.equal(car.client.connected, true, 'it is not cut off');
    bridge.onFrame = () => 'ack';
    bridge.release();
    await until(() => car.acked.length === 500);
    await until(() => identities(bridge.arrived).length === 500);
  },
);

test('a car is cut off when the memory for what waits is used up, and loses nothing', options, async (t) => {
  const bridge = await testBridge(t);
  bridge.onFrame = () => 'hold';
  const settings = { outbox: { maxBytes: 20_000, maxWaitingBytes: 20_000 } };
  const edge = await testEdge(t, await tempFolder(t), settings, bridge.port);
  const car = await testCar(t, edge.port, vin);
  car.sendSeqs(1, 1, 200);
  await until(() => car.closes.length > 0);
  assert.ok((await edge.metrics()).value('fleetbed_outbox_waiting_bytes') < 22_000);
  bridge.onFrame = () => 'ack';
  bridge.release();
  await until(() => car.acked.length === 200 && identities(bridge.arrived).length === 200);
  assert.equal(new Set(identities(bridge.arrived)).size, 200);
});
