import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { readHistory } from '#cloud/history.ts';
import { signalCount } from '#contract/signals.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';
import { UserError } from '#runtime/errors.ts';
import { batchOf, HistoryRig, intervalMs, run, seqsOf, simStart, type Written } from './history-rig.ts';

const vin = 'WVWZZZ1JZXW000001';
const other = 'WVWZZZ1JZXW000002';

/** Messages of one car, `from` and `to` included. */
function messages(of: string, from: number, to: number, partition = 0): Written[] {
  return Array.from({ length: to - from + 1 }, (_, n) => ({ partition, batch: batchOf(of, from + n) }));
}

describe('history', { timeout: 120_000 }, () => {
  let rig: HistoryRig;

  before(async () => {
    rig = await HistoryRig.open();
  });
  after(async () => rig.close());

  it('counts decoded messages and readings, and neither markers nor what was aborted between them', async () => {
    const prefix = await rig.newTopic(2);
    await rig.write(prefix, [...messages(vin, 1, 3), ...messages(other, 1, 2, 1)]);
    await rig.write(prefix, messages(vin, 90, 95), 'abort');
    await rig.write(prefix, messages(vin, 4, 4));
    const { report, handed } = await rig.read(prefix);
    assert.deepEqual(report, {
      records: 6,
      readings: 60,
      duplicates: 0,
      undecodable: 0,
      implausible: 0,
      // Four messages, six aborted, three markers; two messages, one marker.
      offsets: [
        { partition: 0, from: 0, to: 13 },
        { partition: 1, from: 0, to: 3 },
      ],
    });
    const first = handed.filter(({ partition }) => partition === 0);
    assert.deepEqual(seqsOf(first), [1, 2, 3, 4]);
    assert.deepEqual(
      first.map(({ offset }) => offset),
      [0, 1, 2, 11],
    );
    assert.ok(first.every(({ readings }) => readings === 10));
  });

  it('ends at the last stable offset: what stands behind an open transaction is not there yet', async () => {
    const prefix = await rig.newTopic();
    await rig.write(prefix, messages(vin, 1, 2));
    const finish = await rig.begin(prefix, messages(vin, 3, 3));
    const { report } = await rig.read(prefix);
    assert.deepEqual([report.records, report.offsets], [2, [{ partition: 0, from: 0, to: 3 }]]);
    await finish('commit');
    await rig.settle(prefix);
    assert.equal((await rig.read(prefix)).report.records, 3);
  });

  it('reads a topic where nothing was written', async () => {
    const shares: number[] = [];
    const { report } = await rig.read(
      await rig.newTopic(),
      {},
      { onProgress: ({ share }) => shares.push(share) },
    );
    assert.deepEqual(report.offsets, [{ partition: 0, from: 0, to: 0 }]);
    assert.deepEqual(shares, [1]);
  });

  it('hands a message on once, also when it comes again from another edge or after newer ones', async () => {
    const prefix = await rig.newTopic();
    await rig.write(prefix, [
      ...messages(vin, 1, 2),
      ...messages(vin, 2, 2),
      // The car has moved: its new edge was faster than its old one.
      ...messages(vin, 6, 7),
      ...messages(vin, 3, 5),
      ...messages(vin, 6, 8),
    ]);
    const { report, handed } = await rig.read(prefix);
    assert.deepEqual(seqsOf(handed), [1, 2, 6, 7, 3, 4, 5, 8]);
    assert.deepEqual([report.records, report.readings, report.duplicates, report.implausible], [8, 80, 3, 0]);
  });

  it('takes a restarted car for a new session, whose seqs and clock begin again', async () => {
    const prefix = await rig.newTopic();
    const again = { batch: batchOf(vin, 1, { session: 2 }) };
    await rig.write(prefix, [...messages(vin, 1, 2), again]);
    const { report } = await rig.read(prefix);
    assert.deepEqual([report.records, report.duplicates, report.implausible], [3, 0, 0]);
  });

  it('leaves out and counts what is no telemetry, of its own run', async () => {
    const prefix = await rig.newTopic();
    const whole = encodeTelemetry(batchOf(vin, 2));
    const bad = [Buffer.from('no telemetry'), whole.subarray(0, 50), Buffer.alloc(0), null];
    await rig.write(prefix, [
      ...messages(vin, 1, 1),
      ...bad.map((batch) => ({ batch })),
      ...bad.map((batch) => ({ batch, run: 'other' })),
      { batch: whole },
    ]);
    const { report, handed } = await rig.read(prefix);
    assert.deepEqual(seqsOf(handed), [1, 2]);
    assert.deepEqual([report.records, report.undecodable], [2, 4]);
  });

  it('keeps two runs on one Kafka apart, and reads both when no run is named', async () => {
    const prefix = await rig.newTopic();
    const of = (name: string | null, records: Written[]): Written[] =>
      records.map((each) => ({ ...each, run: name }));
    await rig.write(prefix, [
      ...of('a', messages(vin, 1, 2)),
      // The same car in both; a run's name may begin like another's.
      ...of('ab', messages(other, 1, 3)),
      ...of('a', messages(vin, 3, 3)),
      ...of(null, messages(other, 4, 4)),
    ]);
    const a = await rig.read(prefix, { run: 'a' });
    assert.deepEqual([seqsOf(a.handed), a.report.records], [[1, 2, 3], 3]);
    assert.equal((await rig.read(prefix, { run: 'ab' })).report.records, 3);
    assert.equal((await rig.read(prefix, { run: null })).report.records, 7);
  });

  it('leaves out readings without a signal or of a clock that does not go forward, and counts them', async () => {
    const prefix = await rig.newTopic();
    const gap = batchOf(vin, 2);
    for (const column of gap.columns) column.fill(Number.NaN, 3, 5);
    gap.columns[7]?.fill(Infinity, 3, 5);
    const frozen = batchOf(vin, 4, { simTime: batchOf(vin, 3).simTime });
    const back = batchOf(vin, 5, { simTime: simStart });
    const recovered = batchOf(vin, 6, { simTime: simStart + 60 * intervalMs });
    const still = batchOf(vin, 9, { intervalMs: 0 });
    const batches = [batchOf(vin, 1), gap, batchOf(vin, 3), frozen, back, recovered, still];
    await rig.write(
      prefix,
      batches.map((batch) => ({ batch })),
    );
    const { report, handed } = await rig.read(prefix);
    assert.deepEqual(
      handed.map(({ seq, readings, simTime }) => [seq, readings, (simTime - simStart) / intervalMs]),
      [
        [1, 10, 0],
        [2, 3, 10],
        [2, 5, 15],
        [3, 10, 20],
        [6, 10, 60],
      ],
    );
    assert.deepEqual([report.records, report.readings, report.implausible], [7, 38, 32]);
  });

  it('reads given offsets and partitions, and nothing beside them', async () => {
    const prefix = await rig.newTopic(3);
    for (const partition of [0, 1, 2]) {
      await rig.write(prefix, messages(`${vin}${partition}`, 1, 5, partition));
    }
    const offsets = [
      { partition: 2, from: 1, to: 3 },
      { partition: 0, from: 4, to: 99 },
    ];
    const { report, handed } = await rig.read(prefix, { offsets });
    const places = handed.map(({ partition, offset }) => `${partition}/${offset}`);
    assert.deepEqual(new Set(places), new Set(['0/4', '2/1', '2/2']));
    assert.equal(places.length, 3);
    assert.deepEqual(report.offsets, [
      { partition: 0, from: 4, to: 6 },
      { partition: 2, from: 1, to: 3 },
    ]);
    const one = await rig.read(prefix, { partitions: [1] });
    assert.deepEqual([one.report.records, one.report.offsets], [5, [{ partition: 1, from: 0, to: 6 }]]);
    assert.equal((await rig.read(prefix, { partitions: [2], offsets })).report.records, 2);
    await assert.rejects(rig.read(prefix, { partitions: [0, 3] }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /fleet\.telemetry has 3 partitions, and no 3/);
      return true;
    });
  });

  it('reads from and to an append time, by the clock of the broker', async () => {
    const prefix = await rig.newTopic();
    for (const n of [1, 3, 5]) await rig.write(prefix, messages(vin, n, n + 1));
    const { handed } = await rig.read(prefix);
    const times = handed.map(({ appendedAt }) => appendedAt);
    const middle = times[2] ?? 0;
    const last = times[4] ?? 0;
    assert.ok((times[1] ?? 0) < middle && middle < last, `${times.join()} are not of three moments`);
    const read = async (span: { since?: number; until?: number }): Promise<number[]> =>
      seqsOf((await rig.read(prefix, span)).handed);
    assert.deepEqual(await read({ since: middle }), [3, 4, 5, 6]);
    assert.deepEqual(await read({ since: middle + 0.5 }), [5, 6]);
    assert.deepEqual(await read({ until: middle }), [1, 2]);
    assert.deepEqual(await read({ since: middle, until: last }), [3, 4]);
    assert.deepEqual(await read({ since: 0, until: last + 3_600_000 }), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(await read({ since: last + 3_600_000 }), []);
    assert.deepEqual(await read({ until: 5 }), []);
  });

  it('picks cars, and cuts batches at a span of their own clock', async () => {
    const prefix = await rig.newTopic();
    await rig.write(prefix, [
      ...messages(vin, 1, 4),
      ...messages(other, 1, 4),
      ...messages(vin, 1, 1),
      ...messages(vin, 3, 3),
    ]);
    const simTime = { from: simStart + 14_500, to: simStart + 30_001 };
    const { report, handed } = await rig.read(prefix, { simTime, vins: new Set([vin]) });
    assert.deepEqual(
      handed.map(({ vin: of, seq, readings, simTime: at }) => [of, seq, readings, (at - simStart) / 1000]),
      [
        [vin, 2, 5, 15],
        [vin, 3, 10, 20],
        [vin, 4, 1, 30],
      ],
    );
    assert.deepEqual([report.records, report.readings, report.duplicates], [3, 16, 1]);
  });

  it('goes on from an earlier report, and comes to what one read finds', async () => {
    const prefix = await rig.newTopic(2);
    await rig.write(prefix, [...messages(vin, 1, 3), { batch: Buffer.from('bad') }]);
    const early = await rig.read(prefix);
    const frozen = batchOf(vin, 4, { simTime: batchOf(vin, 3).simTime });
    await rig.write(prefix, [
      ...messages(vin, 2, 3),
      { batch: frozen },
      ...messages(vin, 5, 6),
      ...messages(other, 1, 2, 1),
    ]);
    const late = await rig.read(prefix, {}, { from: early.report });
    const whole = await rig.read(prefix);
    assert.deepEqual(late.report, whole.report);
    assert.deepEqual([whole.report.records, whole.report.duplicates, whole.report.implausible], [8, 2, 10]);
    const byPlace = (one: { partition: number; offset: number }): number => one.partition * 1000 + one.offset;
    const both = [...early.handed, ...late.handed].sort((a, b) => byPlace(a) - byPlace(b));
    assert.deepEqual(
      both,
      whole.handed.sort((a, b) => byPlace(a) - byPlace(b)),
    );
    // An earlier report can be gone on from again; where nothing is new, nothing comes.
    assert.deepEqual((await rig.read(prefix, {}, { from: early.report })).report, whole.report);
    const none = await rig.read(prefix, {}, { from: late.report });
    assert.deepEqual([none.report, none.handed], [whole.report, []]);
  });

  it('goes on from a report that was written down: offsets and figures last, what was seen does not', async () => {
    const prefix = await rig.newTopic();
    await rig.write(prefix, messages(vin, 1, 3));
    const { report } = await rig.read(prefix);
    await rig.write(prefix, messages(vin, 3, 4));
    const from = JSON.parse(JSON.stringify(report)) as typeof report;
    const late = await rig.read(prefix, {}, { from });
    assert.deepEqual(seqsOf(late.handed), [3, 4]);
    assert.deepEqual([late.report.records, late.report.offsets], [5, [{ partition: 0, from: 0, to: 7 }]]);
  });

  it('waits for onBatch, one call at a time, and says how far it is', async () => {
    const prefix = await rig.newTopic(3);
    for (const partition of [0, 1, 2]) {
      await rig.write(prefix, messages(`${vin}${partition}`, 1, 20, partition));
    }
    let running = 0;
    let done = 0;
    const onBatch = async (): Promise<void> => {
      assert.equal(++running, 1);
      await turn();
      running--;
      done++;
    };
    const steps: { readings: number; share: number }[] = [];
    const onProgress = (step: { readings: number; share: number }): void => void steps.push(step);
    const { report } = await rig.read(prefix, {}, { onBatch, onProgress });
    assert.deepEqual([done, report.records], [60, 60]);
    assert.deepEqual(steps[0], { readings: 0, share: 0 });
    assert.deepEqual(steps.at(-1), { readings: 600, share: 1 });
    assert.ok(steps.every(({ share }, n) => share >= (steps[n - 1]?.share ?? 0)));
  });

  it('stops when it is told to, with the reason, and calls nobody any more', async () => {
    const prefix = await rig.newTopic();
    await rig.write(prefix, messages(vin, 1, 50));
    const reason = new Error('enough');
    await assert.rejects(rig.read(prefix, {}, { signal: AbortSignal.abort(reason) }), reason);
    const stop = new AbortController();
    let calls = 0;
    const onBatch = async (): Promise<void> => {
      if (++calls === 5) stop.abort(reason);
      await turn();
    };
    await assert.rejects(rig.read(prefix, {}, { onBatch, signal: stop.signal }), reason);
    await turn();
    assert.equal(calls, 5);
  });

  it('ends with what onBatch throws', async () => {
    const prefix = await rig.newTopic();
    await rig.write(prefix, messages(vin, 1, 3));
    const wrong = new RangeError('no room');
    const onBatch = (): void => {
      throw wrong;
    };
    await assert.rejects(rig.read(prefix, {}, { onBatch }), wrong);
  });

  it('says which topic is not there', async () => {
    const reading = readHistory(rig.kafka, { run, topicPrefix: 'no.' }, { onBatch: () => undefined });
    await assert.rejects(reading, /no\.fleet\.telemetry cannot be read/);
  });

  it('reads on when Kafka was away in the middle', async () => {
    const prefix = await rig.newTopic(2);
    // 80 KB each: more than one fetch takes of a partition.
    const readings = 1000;
    const columns = Array.from({ length: signalCount }, () => new Float32Array(readings));
    for (let n = 0; n < 40; n += 10) {
      const seqs = Array.from({ length: 10 }, (_, i) => n + i + 1);
      const records = seqs.map((seq) => {
        const simTime = simStart + seq * readings * intervalMs;
        return { partition: seq % 2, batch: batchOf(`${vin}${seq % 2}`, seq, { simTime, columns }) };
      });
      await rig.write(prefix, [...records, ...records.map((each) => ({ ...each, run: 'other' }))]);
    }
    let isAway = false;
    let fetched = 0;
    const handed: string[] = [];
    const { report } = await rig.read(
      prefix,
      {},
      {
        onProgress: () => fetched++,
        onBatch: async (batch) => {
          handed.push(`${batch.vin}/${batch.seq}`);
          if (isAway) return;
          isAway = true;
          await rig.local.local.stop();
          await rig.local.local.start();
        },
      },
    );
    // Once before the first, and once a partition and fetch.
    assert.ok(fetched > 3, `${fetched} steps: nothing was left to be read afterwards`);
    assert.equal(report.readings, 40 * readings);
    assert.equal(new Set(handed).size, 40);
    assert.equal(handed.length, 40);
  });
});
