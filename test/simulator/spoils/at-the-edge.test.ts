import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { deadLetterCodec } from '#contract/records.ts';
import { decodeTelemetry, type TelemetryBatch } from '#contract/telemetry.ts';
import { fleetOf, type SimulatorConfig } from '#simulator/config.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { timetableOf } from '#simulator/schedule/timetable.ts';
import { SpoiledCars } from '#simulator/spoils/spoiled-cars.ts';
import { tripReportCodec } from '#simulator/spoils/wrong-schema.ts';
import { distinct, testBridge } from '#test/edge-agent/bridge-stand-in.ts';
import { tempFolder, testEdge } from '#test/edge-agent/rig.ts';
import { until } from '#test/until.ts';
import { startShards } from '../shard/start-shards.ts';

/** A message each 100 ms of 12 cars; 15 of each car are due while four of them are spoiled, so 3 of each are with every 5. */
const cars = 12;
const named = 4;
const spoil = { at: 300, for: 1500, cars: named, every: 5, by: 0 };
const hitsOfCar = 3;

/** Shards before a real edge agent, whose outbox a bridge takes, until the schedule is over and everything has arrived. */
async function run(
  t: TestContext,
  spoils: { kind: string; [setting: string]: unknown }[],
  changes: Record<string, unknown> = {},
) {
  const bridge = await testBridge(t);
  const edge = await testEdge(t, await tempFolder(t), {}, bridge.port);
  const rig = startShards(t, [`127.0.0.1:${edge.port}`], {
    cars,
    workers: 1,
    stages: [{ for: 2500, cars }],
    spoils: spoils.map((one) => ({ ...spoil, ...one })),
    ...changes,
  });
  await rig.connected();
  rig.shards.tell({ type: 'start', at: Date.now() + 20 });
  await rig.finished();
  await rig.shards.ended;
  const entries = () => distinct(bridge.arrived).flatMap((frame) => frame.entries);
  const arrived = (): TelemetryBatch[] =>
    entries().flatMap(({ destination, value }) =>
      destination === 'fleet.telemetry' ? [decodeTelemetry(Buffer.from(value))] : [],
    );
  const letters = () =>
    entries().flatMap(({ destination, value }) =>
      destination === 'fleet.deadletter' ? [deadLetterCodec.decode(Buffer.from(value))] : [],
    );
  return { ...rig, edge, arrived, letters };
}

type Run = Awaited<ReturnType<typeof run>>;

/** "vin/seq" of each message that is to be hit, by the plan alone: where none is dropped, seq counts what was due. */
function planned(config: SimulatorConfig): string[] {
  const fleet = fleetOf(config);
  return Array.from({ length: fleet.cars }, (_, index) => {
    const spoiled = SpoiledCars.of(fleet, [index]);
    return [...timetableOf(fleet, index)].flatMap(({ dueMs, message }) =>
      spoiled?.hit(0, dueMs) ? [`${vinOf(fleet.seed, index)}/${message + 1}`] : [],
    );
  }).flat();
}

/** Every other message of every car is there, once, and in order; marks say that all was sent and nothing waits. */
function assertRestUnharmed(
  { arrived, marks, config }: Run,
  missing: readonly string[],
  qos: 0 | 1 = 1,
): void {
  const batches = arrived();
  for (let index = 0; index < cars; index++) {
    const vin = vinOf(config.seed, index);
    const due = [...timetableOf(fleetOf(config), index)].length;
    const seqs = Array.from({ length: due }, (_, n) => n + 1).filter(
      (seq) => !missing.includes(`${vin}/${seq}`),
    );
    assert.deepEqual(
      batches.flatMap((batch) => (batch.vin === vin ? [batch.seq] : [])),
      seqs,
    );
    const { sent, acked, dropped } = marks.get(vin)!;
    assert.deepEqual({ sent, acked, dropped }, { sent: due, acked: qos === 1 ? due : 0, dropped: 0 });
  }
}

/** The ledger was told of these messages, each before a mark counted it. */
function assertTold({ spoiled, config }: Run, kind: string): void {
  assert.deepEqual(spoiled.map(({ vin, seq }) => `${vin}/${seq}`).sort(), planned(config).sort());
  assert.equal(spoiled.length, named * hitsOfCar);
  for (const one of spoiled) {
    assert.equal(one.kind, kind);
    assert(one.markedBefore < one.seq, `${one.vin}/${one.seq} was told after a mark of ${one.markedBefore}`);
  }
}

const spoiledOf = ({ total }: Run, kind: string): number =>
  total(({ spoiled }) => spoiled.find(([one]) => one === kind)?.[1] ?? 0);

for (const qos of [1, 0] as const) {
  const fleet = { fleet: { qos } };

  for (const kind of ['corrupt', 'wrong-schema'] as const) {
    test(
      `${kind}, QoS ${qos}: a dead letter each, whose bytes the ledger knows`,
      { timeout: 60_000 },
      async (t) => {
        const it = await run(t, [{ kind }], fleet);
        const expected = planned(it.config);
        await until(() => it.letters().length === expected.length, 'dead letters');
        await until(() => it.arrived().length === cars * 25 - expected.length, 'the other messages');
        assertTold(it, kind);
        assertRestUnharmed(it, expected, qos);
        const letters = it.letters();
        assert.deepEqual(
          letters.map(({ bytes, key }) => `${key} ${hash('sha1', bytes, 'base64')}`).sort(),
          it.spoiled.map((one) => `${one.vin} ${one.hash}`).sort(),
        );
        for (const { reason, bytes } of letters) {
          if (kind === 'corrupt') assert(['not-telemetry', 'truncated'].includes(reason), reason);
          else assert(reason === 'unknown-schema' && tripReportCodec.matches(bytes), reason);
        }
        const reconnects = it.total((report) => report.reconnects);
        assert.deepEqual([reconnects, spoiledOf(it, kind)], [0, expected.length]);
      },
    );
  }

  test(
    `oversize, QoS ${qos}: each ends its connection, is not sent again, harms no other`,
    { timeout: 60_000 },
    async (t) => {
      const it = await run(t, [{ kind: 'oversize' }], fleet);
      const expected = planned(it.config);
      await until(() => it.arrived().length === cars * 25 - expected.length, 'the other messages');
      assertTold(it, 'oversize');
      assertRestUnharmed(it, expected, qos);
      const metrics = await it.edge.metrics();
      assert.equal(
        metrics.value('fleetbed_edge_refused_total', { reason: 'oversized-packet' }),
        expected.length,
      );
      assert.equal(it.letters().length, 0);
      // Nothing but the oversize was in flight: nothing had to be sent again.
      assert.equal(metrics.value('fleetbed_edge_duplicates_total'), 0);
    },
  );

  test(`duplicate, QoS ${qos}: the edge recognises each`, { timeout: 60_000 }, async (t) => {
    const it = await run(t, [{ kind: 'duplicate' }], fleet);
    await until(() => it.arrived().length === cars * 25, 'all messages');
    assertRestUnharmed(it, [], qos);
    assert.equal(spoiledOf(it, 'duplicate'), named * hitsOfCar);
    assert.equal((await it.edge.metrics()).value('fleetbed_edge_duplicates_total'), named * hitsOfCar);
    assert.deepEqual(it.spoiled, []);
  });

  test(`reorder, QoS ${qos}: two seqs swapped each time, none missing`, { timeout: 60_000 }, async (t) => {
    const it = await run(t, [{ kind: 'reorder' }], fleet);
    await until(() => it.arrived().length === cars * 25, 'all messages');
    assertTold(it, 'reorder');
    const expected = new Set(planned(it.config));
    const order = it.arrived();
    for (let index = 0; index < cars; index++) {
      const vin = vinOf(it.config.seed, index);
      const due = Array.from({ length: 25 }, (_, n) => n + 1);
      for (const seq of [...due])
        if (expected.has(`${vin}/${seq}`) && seq < 25) due.splice(seq - 1, 2, seq + 1, seq);
      assert.deepEqual(
        order.flatMap((batch) => (batch.vin === vin ? [batch.seq] : [])),
        due,
      );
      const { sent, acked } = it.marks.get(vin)!;
      assert.deepEqual([sent, acked], [25, qos === 1 ? 25 : 0]);
    }
  });
}

test(
  'reorder: what is held back when its car leaves, or the schedule ends, is sent',
  { timeout: 60_000 },
  async (t) => {
    // Six cars leave half-way, after ten messages. Each second message is held back, so the last one is.
    const stages = [
      { for: 1000, cars },
      { for: 0, cars: 6 },
      { for: 1000, cars: 6 },
    ];
    const reorder = { kind: 'reorder', at: 0, for: 5000, cars, every: 2 };
    const it = await run(t, [reorder], { stages });
    const due = (index: number): number => [...timetableOf(fleetOf(it.config), index)].length;
    const all = Array.from({ length: cars }, (_, index) => due(index)).reduce((sum, own) => sum + own);
    await until(() => it.arrived().length === all, 'all messages');
    // At once when its car leaves: long before the last messages of those that stay.
    const placeOfLast = (index: number): number =>
      it.arrived().findLastIndex(({ vin }) => vin === vinOf(it.config.seed, index));
    const leaving = Math.max(...[6, 7, 8, 9, 10, 11].map(placeOfLast));
    const staying = Math.min(...[0, 1, 2, 3, 4, 5].map(placeOfLast));
    assert(leaving < staying, `${leaving} of ${all}, ${staying}`);
    for (let index = 0; index < cars; index++) {
      const { sent, acked } = it.marks.get(vinOf(it.config.seed, index))!;
      assert.deepEqual([sent, acked], [due(index), due(index)]);
    }
    assert.equal(
      it.total((report) => report.dropped),
      0,
    );
  },
);

test(
  'skew: the clocks of these cars are wrong for the time, when they were due is not',
  { timeout: 60_000 },
  async (t) => {
    const by = -300_000;
    const it = await run(t, [{ kind: 'skew', by }]);
    await until(() => it.arrived().length === cars * 25, 'all messages');
    assertRestUnharmed(it, []);
    const fleet = fleetOf(it.config);
    const startedAt = it.arrived()[0]!.scheduledAt;
    let skewed = 0;
    for (let index = 0; index < cars; index++) {
      const own = it.arrived().filter(({ vin }) => vin === vinOf(fleet.seed, index));
      for (const [n, { dueMs, simTime }] of [...timetableOf(fleet, index)].entries()) {
        const batch = own[n]!;
        const error = batch.simTime - simTime;
        assert(error === 0 || (error === by && dueMs >= 300 && dueMs < 1800), `${error} at ${dueMs}`);
        assert(Math.abs(batch.scheduledAt - startedAt) < 10_000, 'scheduledAt is the machine’s own');
        if (error !== 0) skewed++;
      }
    }
    assert.equal(skewed, named * 15);
    assert.equal(spoiledOf(it, 'skew'), skewed);
    assert.deepEqual(it.spoiled, []);
  },
);

test(
  'slow-consumer: the window fills, messages wait and are dropped; the connection lives on, and the rest arrives',
  { timeout: 60_000 },
  async (t) => {
    // Far longer than one and a half times the keep-alive: silence that it keeps itself must not end the connection.
    const slow = { kind: 'slow-consumer', at: 300, for: 5000 };
    const limits = { keepAlive: 1000, inFlightLimit: 8, pendingLimit: 10, stages: [{ for: 6000, cars }] };
    const it = await run(t, [slow], limits);
    const dropping = [...it.marks.values()].filter(({ dropped }) => dropped > 0);
    assert.equal(dropping.length, named);
    for (const { vin, sent, acked, dropped } of it.marks.values()) {
      assert.equal(sent + dropped, 60, vin);
      assert.equal(acked, sent);
    }
    // 50 were due: 8 of them, or fewer, fitted into the window, and 10 could wait.
    for (const { dropped } of dropping) assert(dropped >= 25 && dropped <= 40, `${dropped}`);
    await until(
      () => it.arrived().length === [...it.marks.values()].reduce((sum, { sent }) => sum + sent, 0),
      'the rest',
    );
    const dropped = dropping.reduce((sum, mark) => sum + mark.dropped, 0);
    const counted = it.total((report) => report.dropped);
    assert.deepEqual(
      [counted, it.total(({ reconnects }) => reconnects), it.last(({ deaf }) => deaf)],
      [dropped, 0, 0],
    );
  },
);

/** "vin/seq kind", sorted. */
async function told(...of: Parameters<typeof run>): Promise<string[]> {
  const { spoiled } = await run(...of);
  return spoiled.map(({ vin, seq, kind }) => `${vin}/${seq} ${kind}`).sort();
}

test(
  'what is spoiled is the same for one worker, for four, and for two processes',
  { timeout: 60_000 },
  async (t) => {
    const spoils = [
      { kind: 'corrupt' },
      { kind: 'wrong-schema', every: 4 },
      { kind: 'reorder', every: 3 },
      { kind: 'oversize', every: 7, cars: 2 },
      { kind: 'duplicate', every: 2 },
    ];
    const short = { cars: 24, stages: [{ for: 2000, cars: 24 }] };
    const one = await told(t, spoils, { ...short, workers: 1 });
    const four = await told(t, spoils, { ...short, workers: 4 });
    assert(one.length > 20);
    assert.deepEqual(four, one);
    const halves = [0, 1].map((index) =>
      told(t, spoils, { ...short, workers: 2, process: { index, count: 2 } }),
    );
    assert.deepEqual((await Promise.all(halves)).flat().sort(), one);
  },
);
