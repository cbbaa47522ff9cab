import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CarMark } from '#contract/ledger-marks.ts';
import { carLife } from '#simulator/car-life.ts';
import { fleetOf, type SimulatorConfig } from '#simulator/config.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { until } from '#test/until.ts';
import { LinkProxy } from '#testbed/run/link-proxy.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { distinct, testEdge, type TestEdge } from '../edge.ts';
import { startShards } from './start-shards.ts';

/** Every car's messages are those of its life, all of them, in order, without a gap; and its marks say so. */
function assertWhole(
  config: SimulatorConfig,
  edges: readonly TestEdge[],
  marks: ReadonlyMap<string, CarMark>,
  startedAt: number,
): void {
  const fleet = fleetOf(config);
  for (let index = 0; index < fleet.cars; index++) {
    const vin = vinOf(fleet.seed, index);
    const got = distinct(edges[index % edges.length]!, vin);
    let seq = 0;
    for (const { columns, dueMs, simTime } of carLife(fleet, index)) {
      const batch = got[seq++];
      assert(batch, `${vin} has no seq ${seq}`);
      assert.equal(batch.seq, seq);
      assert.equal(batch.simTime, simTime);
      assert.equal(batch.scheduledAt, Math.round(startedAt + dueMs));
      assert.deepEqual(batch.columns, columns);
      assert.equal(batch.session, got[0]!.session);
    }
    assert.equal(got.length, seq);
    const { session, ...mark } = marks.get(vin)!;
    assert.deepEqual(mark, { vin, sent: seq, acked: config.fleet.qos === 1 ? seq : 0, dropped: 0 });
    assert.equal(session, got[0]!.session);
  }
}

test(
  'through a cut in the middle every seq arrives, with the bytes of its life',
  { timeout: 60_000 },
  async (t) => {
    const edges = [await testEdge(t), await testEdge(t)];
    const target = { host: '127.0.0.1', port: edges[0]!.port };
    const link = new LinkProxy('cars/edge-1', { host: '127.0.0.1', port: await pickPort() }, target);
    await link.open();
    t.after(() => link.cut());
    const rig = startShards(t, [link.address, `127.0.0.1:${edges[1]!.port}`]);
    assert.equal(await rig.connected(), 20);
    const startedAt = Date.now() + 100;
    rig.shards.tell({ type: 'start', at: startedAt });
    await sleep(900);
    await link.cut();
    await sleep(500);
    await link.open();
    await rig.finished();
    assertWhole(rig.config, edges, rig.marks, startedAt);
    assert.equal(rig.total((report) => report.reconnects) >= 10, true);
    assert.equal(
      rig.total((report) => report.sent),
      20 * 30,
    );
    assert.equal(
      rig.total((report) => report.acked),
      20 * 30,
    );
    assert.equal(
      rig.last((report) => report.unacked + report.pending),
      0,
    );
  },
);

test('a full window holds messages back, and they follow in order', { timeout: 60_000 }, async (t) => {
  const edge = await testEdge(t);
  edge.holds = true;
  const rig = startShards(t, [`127.0.0.1:${edge.port}`], {
    inFlightLimit: 4,
    workers: 1,
    stages: [{ for: 2200, cars: 20 }],
  });
  await rig.connected();
  const startedAt = Date.now();
  rig.shards.tell({ type: 'start', at: startedAt });
  await sleep(2000);
  for (const messages of edge.received.values()) assert.equal(messages.length, 4);
  edge.holds = false;
  await rig.finished();
  assertWhole(rig.config, [edge], rig.marks, startedAt);
  assert(rig.total((report) => report.lateByWaiting) > 0, 'waiting is late');
});

test('QoS 0: everything is sent, nothing is acknowledged', { timeout: 60_000 }, async (t) => {
  const edge = await testEdge(t);
  const rig = startShards(t, [`127.0.0.1:${edge.port}`], {
    fleet: { qos: 0 },
    stages: [{ for: 1000, cars: 20 }],
  });
  await rig.connected();
  const startedAt = Date.now();
  rig.shards.tell({ type: 'start', at: startedAt });
  await rig.finished();
  await until(() => distinct(edge, vinOf(7, 19)).length === 10, 'the last messages');
  assertWhole(rig.config, [edge], rig.marks, startedAt);
});

test('a stop ends the schedule; what was sent is acknowledged', { timeout: 60_000 }, async (t) => {
  const edge = await testEdge(t);
  const rig = startShards(t, [`127.0.0.1:${edge.port}`], { stages: [{ for: 60_000, cars: 20 }] });
  await rig.connected();
  rig.shards.tell({ type: 'start', at: Date.now() });
  await sleep(600);
  rig.shards.tell({ type: 'stop' });
  await rig.finished();
  await rig.shards.ended;
  for (const { vin, sent, acked } of rig.marks.values()) {
    assert(sent > 0 && sent < 20);
    assert.equal(acked, sent);
    assert.equal(distinct(edge, vin).length, sent);
  }
  await until(() => edge.cars.size === 0, 'goodbyes');
});

test(
  'a simulator that joins later goes on with its cars’ lives at the next due message',
  { timeout: 60_000 },
  async (t) => {
    const edge = await testEdge(t);
    const rig = startShards(t, [`127.0.0.1:${edge.port}`], { stages: [{ for: 8000, cars: 20 }] });
    await rig.connected();
    const startedAt = Date.now() - 6000;
    rig.shards.tell({ type: 'start', at: startedAt });
    await rig.finished();
    const fleet = fleetOf(rig.config);
    for (let index = 0; index < fleet.cars; index++) {
      const got = distinct(edge, vinOf(fleet.seed, index));
      const all = [...timetableOf(fleet, index)];
      assert(got.length > 0 && got.length <= 20, `${got.length} messages in the last 2 s`);
      const life = carLife(fleet, index);
      for (let skipped = 0; skipped < all.length - got.length; skipped++) life.next();
      for (const batch of got) {
        const next = life.next();
        assert(!next.done);
        assert.deepEqual(batch.columns, next.value.columns);
      }
      assert.equal(got[0]!.seq, 1);
    }
    assert.equal(
      rig.total((report) => report.lateByGenerator),
      0,
    );
  },
);

test(
  'a simulator that joins later waits for no edge that is down: the others’ cars send, and cars that have left stay away',
  { timeout: 60_000 },
  async (t) => {
    const edge = await testEdge(t);
    const down = `127.0.0.1:${await pickPort()}`;
    const rig = startShards(t, [`127.0.0.1:${edge.port}`, down], {
      // A long ramp: nothing may wait for its end.
      connect: { rate: 20 },
      finishTimeout: 300,
      stages: [
        { for: 1000, cars: 20 },
        { for: 1000, cars: 12 },
        { for: 6000, cars: 12 },
      ],
    });
    const startedAt = Date.now() - 4000;
    // As a process hears it that was killed: before any car is connected.
    rig.shards.tell({ type: 'start', at: startedAt });
    await until(() => edge.received.size > 0, 'the first message');
    assert.ok(!rig.heard.includes('connected'), 'cars wait for the edge that is down');
    await rig.finished();
    const there = [0, 2, 4, 6, 8, 10].map((index) => vinOf(7, index));
    assert.deepEqual([...edge.received.keys()].toSorted(), there.toSorted());
    assert.deepEqual([...edge.known].toSorted(), there.toSorted());
    for (const vin of there) {
      const [first] = distinct(edge, vin);
      assert.equal(first?.seq, 1);
      assert.ok(first.scheduledAt >= startedAt + 4000);
    }
  },
);

test('cars come and go with the stages', { timeout: 60_000 }, async (t) => {
  const edge = await testEdge(t);
  const rig = startShards(t, [`127.0.0.1:${edge.port}`], {
    stages: [
      { for: 500, cars: 5 },
      { for: 500, cars: 20 },
      { for: 500, cars: 20 },
      { for: 500, cars: 5 },
      { for: 1500, cars: 5 },
    ],
  });
  assert.equal(await rig.connected(), 5);
  assert.equal(edge.cars.size, 5);
  const startedAt = Date.now();
  rig.shards.tell({ type: 'start', at: startedAt });
  await until(() => edge.cars.size === 20, '20 cars');
  await until(() => edge.cars.size === 5, '5 cars again');
  await rig.finished();
  for (let index = 0; index < 20; index++) {
    const vin = vinOf(7, index);
    assert.equal(distinct(edge, vin).length, [...timetableOf(fleetOf(rig.config), index)].length);
  }
});

test(
  'cars that are refused are counted by reason and given up for the start',
  { timeout: 60_000 },
  async (t) => {
    const edge = await testEdge(t);
    const rig = startShards(t, [`127.0.0.1:${edge.port}`], {
      cars: 3,
      stages: [{ for: 500, cars: 3 }],
      fleetSecret: 'another secret',
      workers: 1,
    });
    assert.equal(await rig.connected(), 0);
    rig.shards.tell({ type: 'stop' });
    await rig.finished();
    assert(rig.total((report) => new Map(report.connectFailures).get('refused:bad-credentials') ?? 0) >= 9);
  },
);
