import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { within, withSignals } from '#cloud/history/cuts.ts';
import { Seen, type SeenMessage } from '#cloud/history/seen.ts';
import { chooseHistory } from '#cloud/history/spans.ts';
import type { HistoryQuery } from '#cloud/history.ts';
import { signalCount } from '#contract/signals.ts';
import { readingsOf } from '#contract/telemetry.ts';
import { batchOf, intervalMs, simStart } from './history-rig.ts';

const vin = 'WVWZZZ1JZXW000001';

/** Of a clock that does as it should. */
function message(seq: number, session = 1, of = vin): SeenMessage {
  return { vin: of, session, seq, firstAt: seq * 10, lastAt: seq * 10 + 9 };
}

describe('what was seen of the cars', () => {
  it('tells messages from their duplicates in any order, while the limits hold', () => {
    const arrival = fc.record({
      of: fc.constantFrom('a', 'b'),
      session: fc.constantFrom(1, 2),
      seq: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 200 }), (arrivals) => {
        const seen = new Seen();
        const model = new Set<string>();
        for (const { of, session, seq } of arrivals) {
          const name = `${of}/${session}/${seq}`;
          assert.equal(seen.judge(message(seq, session, of)), model.has(name) ? 'duplicate' : 'new');
          model.add(name);
        }
        const copy = seen.copy();
        for (const { of, session, seq } of arrivals) {
          assert.equal(copy.judge(message(seq, session, of)), 'duplicate');
        }
      }),
    );
  });

  it('is a copy of its own', () => {
    const seen = new Seen();
    seen.judge(message(1));
    seen.copy().judge(message(2));
    assert.equal(seen.judge(message(2)), 'new');
  });

  it('finds a clock that stood still or went back, and lets one wrong jump cost one message', () => {
    const seen = new Seen();
    const at = (seq: number, firstAt: number): string =>
      seen.judge({ vin, session: 1, seq, firstAt, lastAt: firstAt + 9 });
    assert.equal(at(1, 100), 'new');
    assert.equal(at(2, 100), 'clock');
    assert.equal(at(3, 109), 'clock');
    assert.equal(at(4, 119), 'new');
    assert.equal(at(5, 50), 'clock');
    assert.equal(at(6, 60), 'new');
    assert.equal(at(7, 1e9), 'new');
    assert.equal(at(8, 80), 'clock');
    assert.equal(at(9, 90), 'new');
  });

  it('judges the clock of an older message that comes late by its place before the newest', () => {
    const seen = new Seen();
    seen.judge(message(1));
    seen.judge(message(5));
    assert.equal(seen.judge(message(3)), 'new');
    assert.equal(seen.judge({ ...message(4), firstAt: 45, lastAt: 54 }), 'clock');
    assert.equal(seen.judge(message(6)), 'new');
  });

  it('beyond its ranges counts the lowest gap as seen: nothing is ever handed on twice', () => {
    const seen = new Seen({ rangesPerSession: 3 });
    for (const seq of [1, 3, 5, 7]) assert.equal(seen.judge(message(seq)), 'new');
    assert.equal(seen.judge(message(2)), 'duplicate');
    assert.equal(seen.judge(message(4)), 'new');
    for (const seq of [1, 3, 5, 7]) assert.equal(seen.judge(message(seq)), 'duplicate');
  });

  it('forgets the session that is oldest, and the car that was silent longest', () => {
    const seen = new Seen({ maxCars: 2, sessionsPerCar: 2 });
    for (const session of [1, 2, 3]) seen.judge(message(1, session));
    assert.equal(seen.judge(message(1, 2)), 'duplicate');
    assert.equal(seen.judge(message(1, 1)), 'new');
    seen.judge(message(1, 1, 'b'));
    seen.judge(message(2, 1));
    seen.judge(message(1, 1, 'c'));
    assert.equal(seen.cars, 2);
    assert.equal(seen.judge(message(2, 1)), 'duplicate');
    assert.equal(seen.judge(message(1, 1, 'b')), 'new');
  });
});

describe('cuts through a batch', () => {
  const times = (batch: ReturnType<typeof batchOf>): number[] =>
    Array.from(batch.columns[0] ?? [], (_, reading) => batch.simTime + reading * batch.intervalMs);

  it('hold the readings of a span, with their own times and values', () => {
    const columns = Array.from({ length: signalCount }, () => Float32Array.from({ length: 10 }, (_, n) => n));
    fc.assert(
      fc.property(
        fc.integer({ min: -3000, max: 14_000 }),
        fc.integer({ min: 0, max: 14_000 }),
        (from, length) => {
          const batch = batchOf(vin, 1, { columns });
          const span = { from: simStart + from, to: simStart + from + length };
          const part = within(batch, span);
          const expected = times(batch).filter((at) => at >= span.from && at < span.to);
          assert.deepEqual(part ? times(part) : [], expected);
          const values = Array.from(part?.columns[19] ?? []);
          assert.deepEqual(
            values,
            expected.map((at) => (at - simStart) / intervalMs),
          );
        },
      ),
    );
  });

  it('take all or nothing of a batch whose clock does not move', () => {
    const batch = batchOf(vin, 1, { intervalMs: 0 });
    const { simTime } = batch;
    assert.equal(within(batch, { from: simTime, to: simTime + 1 }), batch);
    assert.equal(within(batch, { from: simTime + 1, to: simTime + 2 }), null);
    assert.equal(within(batch, { from: simTime - 1, to: simTime }), null);
  });

  it('leave out readings without a finite signal, wherever they stand', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 12 }), fc.nat(signalCount - 1), (present, signal) => {
        const columns = Array.from({ length: signalCount }, () =>
          new Float32Array(present.length).fill(Number.NaN),
        );
        for (const [reading, isPresent] of present.entries()) {
          const column = columns[signal];
          if (column) column[reading] = isPresent ? reading : -Infinity;
        }
        const parts = withSignals(batchOf(vin, 1, { columns }));
        const expected = present.flatMap((isPresent, reading) => (isPresent ? [reading] : []));
        assert.deepEqual(
          parts.flatMap((part) => Array.from(part.columns[signal] ?? [])),
          expected,
        );
        assert.deepEqual(
          parts.flatMap(times),
          expected.map((reading) => simStart + reading * intervalMs),
        );
        assert.ok(parts.every((part) => readingsOf(part) > 0));
      }),
    );
  });
});

describe('the offsets of a query', () => {
  const places = [
    { topic: 'fleet.telemetry', partition: 0 },
    { topic: 'fleet.telemetry', partition: 1 },
  ];
  const query: HistoryQuery = { run: null, topicPrefix: '' };
  /** Of both partitions: kept from 10, decided to 50, and everything from 30 on was appended at 1000. */
  const offsetsAt: Parameters<typeof chooseHistory>[3] = async (mark) => {
    const since = typeof mark === 'object' ? (mark.since > 1000 ? Infinity : 30) : undefined;
    const offset = since ?? (mark === 'start' ? 10 : 50);
    return [offset, offset];
  };
  const first = async (asked: Partial<HistoryQuery>, readTo?: number): Promise<number[]> => {
    const earlier = readTo === undefined ? [] : [{ partition: 0, from: 0, to: readTo }];
    const [span] = await chooseHistory({ ...query, ...asked }, earlier, places, offsetsAt);
    return [span?.position ?? Number.NaN, span?.end ?? Number.NaN];
  };

  it('are what is kept and decided, narrowed by all that is asked', async () => {
    assert.deepEqual(await first({}), [10, 50]);
    assert.deepEqual(await first({ since: 1000 }), [30, 50]);
    assert.deepEqual(await first({ until: 1000 }), [10, 30]);
    assert.deepEqual(await first({ since: 2000 }), [50, 50]);
    assert.deepEqual(await first({ until: 2000 }), [10, 50]);
    const offsets = [{ partition: 0, from: 20, to: 40 }];
    assert.deepEqual(await first({ offsets }), [20, 40]);
    assert.deepEqual(await first({ offsets, since: 1000 }), [30, 40]);
    assert.deepEqual(await first({ offsets, until: 1000 }), [20, 30]);
    assert.deepEqual(await first({ offsets: [{ partition: 0, from: 60, to: 70 }] }), [50, 50]);
  });

  it('begin where an earlier read ended, and fail when Kafka ends before', async () => {
    assert.deepEqual(await first({}, 40), [40, 50]);
    assert.deepEqual(await first({ until: 1000 }, 40), [40, 40]);
    assert.deepEqual(await first({}, 50), [50, 50]);
    await assert.rejects(first({}, 51), /fleet\.telemetry\/0 ends at 50, but was read up to 51 before/);
  });
});
