import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { encodeOrigin, originHeader, type Origin } from '#contract/origin.ts';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';
import { evictionCodec } from '#contract/ledger-records.ts';
import { deadLetterCodec, predictionCodec } from '#contract/records.ts';
import { createLog } from '#runtime/log.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { LedgerPart } from '#testbed/run/ledger-part.ts';
import { AlarmLog } from '#testbed/verdict/detection/alarms.ts';
import { EdgeModels } from '#testbed/verdict/detection/edge-models.ts';
import { followRun, type FeedTakers, type RunFeed } from '#testbed/verdict/kafka-feed.ts';
import { Ledger } from '#testbed/verdict/ledger.ts';
import { readToEnd } from '#wire/kafka-reader.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { raised, state } from './detection/alarm-records.ts';
import { evictionOf, letterOf, message, originOf, run } from './car-messages.ts';

const vin = 'WVWZZZ1JZXW000001';
const endTimeoutMs = 20_000;

describe('the feed from Kafka to the ledger', { timeout: 120_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  const feeds: RunFeed[] = [];

  before(async () => {
    local = await testKafka();
    const log = createLog({ component: 'test', level: 'silent' });
    kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
    for (const prefix of ['a.', 'b.', 'c.', 'd.', 'e.', 'f.', 'g.']) {
      await ensureTopics(kafka, { prefix, given: false, tieredStorage: false });
    }
  });
  after(async () => {
    for (const feed of feeds) await feed.stop();
    await local.stop();
  });

  async function follow(prefix: string): Promise<{ feed: RunFeed } & FeedTakers> {
    const takers: FeedTakers = {
      ledger: new Ledger({ run }),
      alarms: new AlarmLog(),
      models: new EdgeModels(),
    };
    const feed = await followRun({ kafka, run, prefix, takers });
    feeds.push(feed);
    return { feed, ...takers };
  }

  /** One transaction, as the bridge would write it. */
  async function write(
    topic: string,
    records: { key?: string; value: Buffer; origin?: Origin }[],
    end: 'commit' | 'abort' = 'commit',
  ): Promise<void> {
    const producer = kafka.producer({ transactionalId: `test-${Math.random()}` });
    await producer.connect();
    const transaction = await producer.transaction();
    const messages = records.map(({ key, value, origin }) => ({
      key: key ?? vin,
      value,
      headers: origin ? { [originHeader]: encodeOrigin(origin) } : {},
    }));
    await transaction.send({ topic, messages });
    await (end === 'commit' ? transaction.commit() : transaction.abort());
    await producer.disconnect();
  }

  const telemetry = (seq: number, origin = originOf(), scheduledAt = Date.now()) => ({
    value: message(vin, 1, seq, scheduledAt),
    origin,
  });

  it('counts this run’s committed records, and nothing of other runs or aborted transactions', async () => {
    const { feed, ledger } = await follow('a.');
    await write('a.fleet.telemetry', [telemetry(1), telemetry(2), { value: message(vin, 1, 9) }]);
    await write('a.fleet.telemetry', [telemetry(3, originOf('edge-1', false, 'otherrun'))]);
    await write('a.fleet.telemetry', [telemetry(4)], 'abort');
    await feed.reachEnd(endTimeoutMs);
    const { delivery } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.stored], [2, 2]);
    await write('a.fleet.telemetry', [telemetry(2), telemetry(3)]);
    await feed.reachEnd(endTimeoutMs);
    assert.deepEqual([ledger.result().delivery.stored, ledger.result().delivery.duplicated], [3, 1]);
  });

  it('begins where Kafka stood when it was called: what lies there already is not read again', async () => {
    const topic = 'd.fleet.telemetry';
    await write(topic, [telemetry(1), telemetry(2)]);
    // A commit's answer comes before its marker lies in the log: until then the reader begins before it.
    await readToEnd(kafka, { topics: [topic], onBatch: () => undefined, timeoutMs: endTimeoutMs });
    const { feed, ledger } = await follow('d.');
    await write(topic, [telemetry(3)]);
    await feed.reachEnd(endTimeoutMs);
    assert.equal(ledger.result().delivery.stored, 1);
  });

  it('takes dead letters in, also those that are none', async () => {
    const { feed, ledger } = await follow('b.');
    const letter = deadLetterCodec.encode(letterOf(vin, message(vin, 1, 2)));
    const cutShort = letter.subarray(0, 20);
    await write('b.fleet.telemetry', [telemetry(1)]);
    await write('b.fleet.deadletter', [
      { value: letter, origin: originOf() },
      { value: cutShort, origin: originOf() },
    ]);
    await feed.reachEnd(endTimeoutMs);
    const { delivery, deadLetters } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.stored, delivery.deadLettered], [2, 1, 1]);
    assert.deepEqual(deadLetters, {
      total: 2,
      unidentified: 1,
      byReason: { truncated: 1, 'unreadable-letter': 1 },
    });
  });

  it('takes alarms of this run, states of its edges, and when each car drove', async () => {
    const { feed, ledger, alarms, models } = await follow('e.');
    const other = originOf('edge-1', false, 'otherrun');
    const alarm = (of: string) => predictionCodec.encode(raised(of, 1000));
    await write('e.fleet.telemetry', [telemetry(1, originOf(), 5000), telemetry(2, originOf(), 7000)]);
    await write('e.fleet.predictions', [
      { value: alarm(vin), origin: originOf() },
      { value: alarm('ANOTHERRUNSCAR0001'), origin: other },
      { value: Buffer.from('no prediction'), origin: originOf() },
    ]);
    await write('e.fleet.edges', [
      { key: `${run}/edge-1`, value: state('edge-1', 'r1-a', 6000) },
      { key: 'otherrun/edge-1', value: state('edge-1', 'r9-z', 6500) },
      { key: `${run}/edge-2`, value: Buffer.from('no state') },
    ]);
    await feed.reachEnd(endTimeoutMs);
    assert.deepEqual([...alarms.cars()], [vin]);
    assert.deepEqual(ledger.driven().get(vin), { edge: 'edge-1', from: 5000, to: 7000 });
    assert.deepEqual(models.spansOf('edge-1'), [{ edge: 'edge-1', release: 'r1-a', from: 6000, to: null }]);
    assert.deepEqual(models.spansOf('edge-2'), []);
  });

  it('takes evictions, predictions’ numbers and truths of this run for the ledger', async () => {
    const { feed, ledger } = await follow('f.');
    const other = originOf('edge-1', false, 'otherrun');
    const dropped = evictionCodec.encode(
      evictionOf([{ vin, session: 1, fromSeq: 2, toSeq: 3 }], { predictions: 1 }),
    );
    const marks = ledgerMarksCodec.encode({ shard: 's', qos: 1, at: 0, marks: [] });
    const numbered = (predictionSeq: number) => ({
      value: predictionCodec.encode(raised(vin, 0, { predictionSeq })),
      origin: originOf(),
    });
    await write('f.fleet.telemetry', [telemetry(1), telemetry(4)]);
    await write('f.fleet.ledger', [
      { value: dropped, origin: originOf() },
      { value: dropped, origin: other },
      { value: marks, origin: originOf() },
      { value: marks },
    ]);
    await write('f.fleet.predictions', [numbered(1), numbered(4), numbered(4)]);
    const truth = (number: number, of = originOf('testbed')) => ({
      value: Buffer.from('a truth'),
      origin: { ...of, number },
    });
    await write('f.fleet.truth', [truth(1), truth(2), truth(2), truth(3, other)]);
    await feed.reachEnd(endTimeoutMs);
    const { delivery, predictions, truthsStored } = ledger.result();
    assert.deepEqual([delivery.sent, delivery.stored, delivery.evicted, delivery.lost], [4, 2, 2, 0]);
    assert.deepEqual(predictions, { received: 2, missing: 1, duplicated: 1, evicted: 1 });
    assert.equal(truthsStored, 2);
  });

  it('falls behind while the timeline pauses it, says by how much, and then misses nothing', async () => {
    const { feed, ledger } = await follow('g.');
    const part = new LedgerPart(feed);
    await write('g.fleet.telemetry', [telemetry(1)]);
    await feed.reachEnd(endTimeoutMs);
    await part.pause();
    // A fetch that is under way may still bring this one.
    await write('g.fleet.telemetry', [telemetry(2)]);
    await write('g.fleet.telemetry', [telemetry(3), telemetry(4)]);
    await write('g.fleet.predictions', [
      { value: predictionCodec.encode(raised(vin, 0)), origin: originOf() },
    ]);
    // Each transaction has its marker.
    const leastBehind = 2 + 1 + 1 + 1;
    while (feed.lag().records < leastBehind) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(ledger.result().delivery.stored <= 2);
    assert.ok(feed.lag().waitedMs > 0);
    await assert.rejects(part.kill(), /only be paused/);
    await part.resume();
    await feed.reachEnd(endTimeoutMs);
    assert.equal(ledger.result().delivery.stored, 4);
    const { records, peak } = feed.lag();
    assert.equal(records, 0);
    assert.ok(peak.records >= leastBehind);
  });

  it('keeps live and backfill apart, second by second', async () => {
    const { feed } = await follow('c.');
    const stored = originOf('edge-1', true);
    await write('c.fleet.telemetry', [telemetry(1), telemetry(2, stored, Date.now() - 9000), telemetry(1)]);
    await feed.reachEnd(endTimeoutMs);
    const second = feed.perSecond();
    assert.deepEqual([second.stored, second.carToKafkaMs.count, second.backfillMs.count], [2, 1, 1]);
    assert.ok(second.backfillMs.max >= 9000, `${second.backfillMs.max} ms`);
    const next = feed.perSecond();
    assert.deepEqual([next.stored, next.carToKafkaMs.count, next.backfillMs.count], [0, 0, 0]);
  });
});
