import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { signalCount } from '#contract/signals.ts';
import { until } from '#test/until.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { batchOf, HistoryRig, intervalMs, simStart, type Handed, type Written } from './history-rig.ts';

const prefix = 'tiers.';
const readings = 1000;
const columns = Array.from({ length: signalCount }, () => new Float32Array(readings));
const vins = ['WVWZZZ1JZXW000001', 'WVWZZZ1JZXW000002'];

/** 80 KB. */
function message(partition: number, seq: number): Written {
  const simTime = simStart + seq * readings * intervalMs;
  return { partition, batch: batchOf(vins[partition] ?? '', seq, { simTime, columns }) };
}

describe('history in tiered storage', { timeout: 120_000 }, () => {
  let rig: HistoryRig;

  before(async () => {
    rig = await HistoryRig.open();
  });
  after(async () => rig.close());

  it('is read whole, from places that are on no disk of the broker any more', async () => {
    const sizes = { localRetentionMs: 1000, segmentBytes: 1024 * 1024 };
    await ensureTopics(rig.kafka, { prefix, given: false, tieredStorage: true, ...sizes });
    const messages = 60;
    for (let seq = 1; seq <= messages; seq += 5) {
      const seqs = [0, 1, 2, 3, 4].map((n) => seq + n);
      const both = (each: number): Written[] => [message(0, each), message(1, each)];
      await rig.write(prefix, seqs.flatMap(both));
      await rig.write(prefix, [message(0, 1000 + seq), message(1, 1000 + seq)], 'abort');
    }
    await until(() => Math.min(oldestLocal(0), oldestLocal(1)) > 20);
    assert.ok(existsSync(join(rig.local.dataDir, 'tier')));

    const { report, handed } = await rig.read(prefix);
    // What was read from the beginning is gone from the broker's own disk, and has not come back.
    assert.ok(Math.min(oldestLocal(0), oldestLocal(1)) > 20);
    assert.deepEqual([report.records, report.readings], [2 * messages, 2 * messages * readings]);
    assert.deepEqual([report.duplicates, report.undecodable, report.implausible], [0, 0, 0]);
    for (const partition of [0, 1]) {
      const seqs = handed.filter((each) => each.partition === partition).map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        Array.from({ length: messages }, (_, n) => n + 1),
      );
    }
    const span = report.offsets.find(({ partition }) => partition === 0);
    // 60 messages and a marker for five; an aborted one and its marker between.
    assert.deepEqual(span, { partition: 0, from: 0, to: 60 + 12 + 12 + 12 });

    await findsByTimeAndOffset(handed);
  });

  /** Both lie in segments that are only in the remote tier. */
  async function findsByTimeAndOffset(handed: readonly Handed[]): Promise<void> {
    const first = handed.filter(({ partition }) => partition === 0);
    const early = first[5];
    assert.ok(early && early.offset < oldestLocal(0));
    const since = await rig.read(prefix, { partitions: [0], since: early.appendedAt });
    assert.deepEqual(
      since.handed,
      first.filter(({ appendedAt }) => appendedAt >= early.appendedAt),
    );
    assert.equal(since.handed[0]?.offset, early.offset);
    const offsets = [{ partition: 0, from: early.offset + 1, to: early.offset + 3 }];
    const few = await rig.read(prefix, { offsets });
    assert.deepEqual(few.handed, first.slice(6, 8));
  }

  /** First offset that the broker itself still has of a partition. */
  function oldestLocal(partition: number): number {
    const folder = join(rig.local.dataDir, 'log', `${prefix}fleet.telemetry-${partition}`);
    const segments = readdirSync(folder).filter((file) => file.endsWith('.log'));
    return Math.min(...segments.map((file) => Number.parseInt(file, 10)));
  }
});
