import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { predictionCodec } from '#contract/records.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';
import { isSampled } from '#edge-agent/inference/prediction-log.ts';
import { until } from '#test/until.ts';
import { distinct, testBridge } from '../bridge-stand-in.ts';
import { childEdge } from '../child-edge.ts';
import {
  identities,
  predictions,
  storedFrames,
  tempFolder,
  testCar,
  testEdge,
  vin,
  type TestCar,
  type TestEdge,
} from '../rig.ts';
import { calmBatch, hotBatch } from '../test-artefact.ts';
import { release, testSigner } from '../test-release.ts';

const options = { timeout: 60_000 };
const readings = 10;

const sequence = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);

/** A car that overheats in every tenth of its messages. */
function drive(car: TestCar, from: number, to: number): void {
  for (let seq = from; seq <= to; seq++) {
    const batch = seq % 10 === 0 ? hotBatch(car.vin, seq, readings) : calmBatch(car.vin, seq, readings);
    car.send(encodeTelemetry(batch), seq);
  }
}

async function scored(edge: TestEdge): Promise<{ online: number; offline: number }> {
  const metrics = await edge.metrics();
  const of = (link: string): number => metrics.value('fleetbed_edge_readings_scored_total', { link }) || 0;
  return { online: of('online'), offline: of('offline') };
}

test('every reading is scored once, while models are swapped and the link is cut', options, async (t) => {
  const signer = await testSigner(t);
  const first = await testBridge(t);
  const model = { publicKey: signer.publicKeyFile, sampleEvery: 1 };
  const edge = await testEdge(t, await tempFolder(t), { model }, first.port);
  const ids = [await release(first, signer, 1)];
  await until(() => first.states.some(({ running }) => running === ids[0]));
  const cars = await Promise.all([1, 2, 3, 4].map((n) => testCar(t, edge.port, `${vin}${n}`)));
  let sent = 0;
  const enough = new AbortController();
  const sender = (async () => {
    for (; !enough.signal.aborted; sent += 5) {
      for (const car of cars) drive(car, sent + 1, sent + 5);
      await until(() => cars.every(({ acked }) => acked.length > sent - 100));
    }
  })();
  const more = (count: number): Promise<void> => {
    const goal = Math.max(...cars.map(({ acked }) => acked.length)) + count;
    return until(() => cars.every(({ acked }) => acked.length > goal));
  };
  await more(50);
  ids.push(await release(first, signer, 2));
  await until(() => first.states.some(({ running }) => running === ids[1]));
  await more(50);
  await first.close();
  await until(async () => (await scored(edge)).offline > 2000);
  const second = await testBridge(t, first.port);
  ids.push(await release(second, signer, 3));
  await until(() => second.states.some(({ running }) => running === ids[2]));
  await more(50);
  enough.abort();
  await sender;
  await until(() => cars.every(({ acked }) => acked.length === sent));
  await until(async () => (await edge.metrics()).value('fleetbed_outbox_frames') === 0);
  const counted = await scored(edge);
  const total = (await edge.metrics()).value('fleetbed_edge_readings_total');
  await edge.drain();
  assert.equal(total, cars.length * sent * readings);
  assert.equal(counted.online + counted.offline, total);
  assert.ok(counted.online > 0 && counted.offline > 0, JSON.stringify(counted));

  const frames = distinct([...first.arrived, ...second.arrived]).toSorted((a, b) => a.number - b.number);
  const said = predictions(frames);
  assert.deepEqual(
    said.map(({ predictionSeq }) => predictionSeq),
    sequence(said.length),
  );
  const scores = said.filter(({ alarm }) => alarm === 'none');
  assert.equal(scores.length, total);
  assert.equal(new Set(scores.map((one) => `${one.vin}/${one.seq}/${one.reading}`)).size, total);
  const releases = new Map(said.map((one) => [`${one.vin}/${one.seq}`, one.release]));
  for (const one of said) assert.equal(one.release, releases.get(`${one.vin}/${one.seq}`));
  assert.deepEqual(new Set(releases.values()), new Set(ids));
  for (const car of cars) {
    const ofCar = identities(frames).filter((identity) => identity.startsWith(`${car.vin}/`));
    assert.deepEqual(
      ofCar,
      sequence(sent).map((seq) => `${car.vin}/1/${seq}`),
    );
  }
});

test('an alarm reaches the car and the bridge, the same bytes', options, async (t) => {
  const signer = await testSigner(t);
  const bridge = await testBridge(t);
  const edge = await testEdge(
    t,
    await tempFolder(t),
    { model: { publicKey: signer.publicKeyFile, sampleEvery: 1_000_000_000 } },
    bridge.port,
  );
  const id = await release(bridge, signer, 1);
  await until(() => bridge.states.some(({ running }) => running === id));
  const [car, other] = [await testCar(t, edge.port, vin), await testCar(t, edge.port, `${vin}1`)];
  await Promise.all([car.listen(), other.listen()]);
  drive(car, 1, 15);
  drive(other, 1, 9);
  await until(() => car.alarms.length === 2 && identities(bridge.arrived).length === 24);
  const [raised, cleared] = car.alarms.map((bytes) => predictionCodec.decode(bytes));
  assert.deepEqual(
    [raised?.vin, raised?.seq, raised?.alarm, raised?.signal, raised?.release, raised?.edge],
    [vin, 10, 'raised', 'coolantTemperature', id, 'edge-1'],
  );
  assert.equal(cleared?.alarm, 'cleared');
  assert.deepEqual(other.alarms, []);
  assert.deepEqual(predictions(bridge.arrived), [raised, cleared]);
  const metrics = await edge.metrics();
  assert.equal(metrics.value('fleetbed_edge_alarm_ms_count'), 1);
  assert.equal(metrics.value('fleetbed_edge_release_counter'), 1);
});

test(
  'after kill -9 every durable message has its predictions, once, and their numbers have no gap',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const signer = await testSigner(t);
    const bridge = await testBridge(t);
    // Everything stays in the outbox.
    bridge.onFrame = () => 'hold';
    const uplink = { bridges: [`127.0.0.1:${bridge.port}`], password: 'edge password' };
    const model = { publicKey: signer.publicKeyFile, sampleEvery: 3 };
    const id = await release(bridge, signer, 1);
    const acked = new Map<string, number>();
    for (const life of [1, 2, 3]) {
      const edge = await childEdge(t, folder, { uplink, model, outbox: { linger: 5 } });
      await until(async () => (await edge.metrics()).value('fleetbed_edge_release_counter') === 1);
      const cars = await Promise.all([1, 2, 3, 4].map((n) => testCar(t, edge.port, `${vin}${n}`)));
      for (const car of cars) drive(car, (acked.get(car.vin) ?? 0) + 1, life * 1000);
      await until(() => cars.every((car) => car.acked.length > 100));
      edge.process.kill('SIGKILL');
      await edge.exited;
      for (const car of cars) {
        car.client.destroy();
        acked.set(car.vin, Math.max(...car.acked));
      }
    }
    const frames = storedFrames(path.join(folder, 'outbox'));
    const stored = identities(frames);
    const present = new Set(stored);
    assert.equal(present.size, stored.length, 'nothing is stored twice');
    for (const [car, last] of acked) {
      for (const seq of sequence(last)) assert.ok(present.has(`${car}/1/${seq}`), `${car}/1/${seq} is lost`);
    }
    const said = predictions(frames);
    assert.deepEqual(
      said.map(({ predictionSeq }) => predictionSeq),
      sequence(said.length),
    );
    const sampled = said.filter(({ alarm }) => alarm === 'none');
    const expected = stored.filter((identity) => {
      const [car = '', , seq] = identity.split('/');
      return isSampled(car, Number(seq), 3);
    });
    assert.ok(expected.length > 0);
    assert.deepEqual(
      sampled.map((one) => `${one.vin}/${one.session}/${one.seq}/${one.reading}`),
      expected.flatMap((identity) => Array.from({ length: readings }, (_, index) => `${identity}/${index}`)),
    );
    assert.ok(said.length > sampled.length, 'there were alarms');
    assert.ok(said.every((one) => one.release === id));
  },
);

test(
  'the model that was kept scores the first reading after a restart, with no bridge in sight',
  options,
  async (t) => {
    const signer = await testSigner(t);
    const folder = await tempFolder(t);
    const bridge = await testBridge(t);
    const model = { publicKey: signer.publicKeyFile, sampleEvery: 1 };
    const before = await testEdge(t, folder, { model }, bridge.port);
    const id = await release(bridge, signer, 1);
    await until(() => bridge.states.some(({ running }) => running === id));
    await before.drain();
    const after = await testEdge(t, folder, { model });
    const car = await testCar(t, after.port, vin);
    drive(car, 1, 20);
    await until(() => car.acked.length === 20);
    assert.deepEqual(await scored(after), { online: 0, offline: 20 * readings });
  },
);

test('what waits for its score is scored, stored and acknowledged at the end', options, async (t) => {
  const signer = await testSigner(t);
  const folder = await tempFolder(t);
  const bridge = await testBridge(t);
  const model = { publicKey: signer.publicKeyFile, sampleEvery: 1, maxWait: '1h' };
  const edge = await testEdge(t, folder, { model }, bridge.port);
  const id = await release(bridge, signer, 1);
  await until(() => bridge.states.some(({ running }) => running === id));
  const car = await testCar(t, edge.port, vin);
  for (const seq of sequence(20)) car.send(encodeTelemetry(calmBatch(vin, seq, readings)), seq);
  const waiting = async (): Promise<number> =>
    (await edge.metrics()).value('fleetbed_edge_inference_waiting_readings');
  await until(async () => (await waiting()) === 20 * readings);
  assert.deepEqual(car.acked, []);
  await edge.drain();
  assert.equal(car.acked.length, 20);
  assert.equal(identities(bridge.arrived).length, 20);
  assert.equal(predictions(bridge.arrived).length, 20 * readings);
});

test(
  'a duplicate of a message that waits for its score is not scored, and acknowledged after it',
  options,
  async (t) => {
    const signer = await testSigner(t);
    const bridge = await testBridge(t);
    const model = { publicKey: signer.publicKeyFile, sampleEvery: 1, maxWait: '500ms' };
    const edge = await testEdge(t, await tempFolder(t), { model }, bridge.port);
    const id = await release(bridge, signer, 1);
    await until(() => bridge.states.some(({ running }) => running === id));
    const first = await testCar(t, edge.port, vin);
    drive(first, 1, 9);
    const value = async (name: string): Promise<number> => (await edge.metrics()).value(name);
    await until(async () => (await value('fleetbed_edge_messages_total')) === 9);
    const again = await testCar(t, edge.port, vin);
    first.client.destroy();
    drive(again, 1, 9);
    await until(async () => (await value('fleetbed_edge_duplicates_total')) === 9);
    if ((await value('fleetbed_edge_inference_waiting_readings')) > 0) assert.deepEqual(again.acked, []);
    await until(() => again.acked.length === 9);
    assert.equal((await scored(edge)).online, 9 * readings);
    await until(() => identities(bridge.arrived).length === 9);
    assert.equal(predictions(bridge.arrived).length, 9 * readings);
  },
);

test('without a public key no release runs, and telemetry goes on', options, async (t) => {
  const bridge = await testBridge(t);
  const edge = await testEdge(t, await tempFolder(t), {}, bridge.port);
  await release(bridge, await testSigner(t), 1);
  await until(() => bridge.states.some(({ refusals }) => (refusals['wrong-key'] ?? 0) > 0));
  const car = await testCar(t, edge.port, vin);
  drive(car, 1, 20);
  await until(() => identities(bridge.arrived).length === 20);
  assert.deepEqual(await scored(edge), { online: 0, offline: 0 });
  assert.equal(bridge.states.at(-1)?.running, null);
});

test('a public key that cannot be used is said in words before anything starts', options, async (t) => {
  const folder = await tempFolder(t);
  const file = path.join(folder, 'no-key.pem');
  const start = testEdge(t, folder, { model: { publicKey: file } });
  await assert.rejects(start, /model\.publicKey: .*no-key\.pem/);
  await writeFile(file, 'not a key');
  await assert.rejects(testEdge(t, folder, { model: { publicKey: file } }), /no-key\.pem cannot be used/);
});
