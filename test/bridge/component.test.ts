import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeFrame, markStored } from '#contract/frame.ts';
import { deadLetterCodec } from '#contract/records.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';
import { frame, quiet, stored, telemetry, testBridge, TestEdge, textsOf, type TestBridge } from './rig.ts';

const timeout = 60_000;
const epochA = 'aaaaaaaaaaaaaaaa';
const epochB = 'bbbbbbbbbbbbbbbb';

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
  },
  { timeout },
);
after(async () => kafka.stop());

let runs = 0;
const newRun = (): string => `run${++runs}`;

/** Runs a story with bridges and edges that are closed after it. */
async function withParts(
  story: (parts: {
    bridge: (run: string, over?: Record<string, unknown>) => Promise<TestBridge>;
    edge: (...args: ConstructorParameters<typeof TestEdge>) => TestEdge;
  }) => Promise<void>,
): Promise<void> {
  const bridges: TestBridge[] = [];
  const edges: TestEdge[] = [];
  try {
    await story({
      async bridge(run, over) {
        const bridge = await testBridge(kafka.brokers, run, over);
        bridges.push(bridge);
        return bridge;
      },
      edge(...args) {
        const edge = new TestEdge(...args);
        edges.push(edge);
        return edge;
      },
    });
  } finally {
    for (const edge of edges) edge.close();
    await Promise.all(bridges.map(async (bridge) => bridge.drain()));
  }
}

const texts = async (run: string, prefix?: string): Promise<string[]> =>
  (await stored(kafka.brokers, run, 'fleet.telemetry', prefix)).map((record) => record.text).sort();

test(
  'transactions keep their distance, but neither a backlog nor the end waits for it',
  { timeout },
  async () => {
    await withParts(async (parts) => {
      const run = newRun();
      const bridge = await parts.bridge(run, { transaction: { interval: '10m' } });
      const edge = parts.edge(bridge.port, 'edge-1', { run });
      const send = async (from: number, to: number): Promise<void> => {
        for (let number = from; number <= to; number++)
          await edge.send(frame(epochA, number, 1), `${number}`);
      };
      await send(1, 1);
      await until(() => edge.acked.length === 1, 'the first at once');
      await send(2, 8);
      await delay(500);
      assert.equal(edge.acked.length, 1);
      await send(9, 9);
      await until(() => edge.acked.length === 9, 'a backlog of eight');
      await send(10, 10);
      await until(async () => (await bridge.metric('fleetbed_bridge_pending_bytes')) > 0, 'held');
      await bridge.drain();
      assert.equal((await texts(run)).length, 10);
    });
  },
);

test('a frame reaches Kafka with key, bytes and origin unchanged', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const edge = parts.edge(bridge.port, 'edge-1', { run });
    const entries = [telemetry('VIN00001', 'one'), telemetry('VIN00002', 'two')];
    const live = encodeFrame({
      epoch: epochA,
      number: 1,
      createdAt: 5,
      entries: [entries[0] ?? assert.fail()],
    });
    const old = encodeFrame({
      epoch: epochA,
      number: 2,
      createdAt: 5,
      entries: [entries[1] ?? assert.fail()],
    });
    markStored(old);
    await edge.send(live, '1');
    await edge.send(old, '2');
    await until(() => edge.acked.length === 2, 'both acknowledged');
    const found = await stored(kafka.brokers, run);
    assert.deepEqual(
      found
        .sort((a, b) => a.key.localeCompare(b.key))
        .map(({ key, value, origin }) => ({ key, value, origin })),
      entries.map(({ key, value }, index) => ({
        key,
        value,
        origin: { run, edge: 'edge-1', epoch: epochA, number: index + 1, stored: index === 1 },
      })),
    );
  });
});

test('a frame that is sent twice is written once and acknowledged twice', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const edge = parts.edge(bridge.port, 'edge-1');
    await edge.send(frame(epochA, 1), 'first');
    await edge.send(frame(epochA, 1), 'at once again');
    await until(() => edge.acked.length === 2, 'both acknowledged');
    await edge.send(frame(epochA, 1), 'later again');
    await until(() => edge.acked.length === 3, 'acknowledged');
    assert.deepEqual(await texts(run), textsOf(epochA, [1]));
    assert.equal(await bridge.metric('fleetbed_bridge_frames_skipped_total'), 2);
  });
});

test('a new bridge skips what an older one committed, and goes on behind it', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const first = await parts.bridge(run);
    const edge = parts.edge(first.port, 'edge-1');
    for (const number of [1, 2, 3]) await edge.send(frame(epochA, number));
    await until(() => edge.acked.length === 3, 'acknowledged');
    edge.close();
    await first.drain();
    const second = await parts.bridge(run);
    const again = parts.edge(second.port, 'edge-1');
    for (const number of [2, 3, 4]) await again.send(frame(epochA, number));
    await until(() => again.acked.length === 3, 'acknowledged');
    assert.deepEqual(await texts(run), textsOf(epochA, [1, 2, 3, 4]));
    assert.equal(await second.metric('fleetbed_bridge_frames_skipped_total'), 2);
  });
});

test(
  "a new bridge waits for other edges' open transactions: its own last commit may lie behind them",
  { timeout },
  async () => {
    await withParts(async (parts) => {
      const run = newRun();
      const first = await parts.bridge(run);
      const producer = connectKafka(kafkaConfig.parse({ brokers: kafka.brokers }), quiet).producer({
        transactionalId: `${run}/edge-2`,
      });
      await producer.connect();
      try {
        const open = await producer.transaction();
        await open.send({ topic: 'fleet.frames', messages: [{ key: `${run}/edge-2`, value: 'open' }] });
        const edge = parts.edge(first.port, 'edge-1');
        // The read before the first frame waits as well: it is opened up for this one.
        const opened = delay(500).then(async () => open.abort());
        await edge.send(frame(epochA, 1));
        await opened;
        await until(() => edge.acked.length === 1, 'acknowledged');
        const again = await producer.transaction();
        await again.send({
          topic: 'fleet.frames',
          messages: [{ key: `${run}/edge-2`, value: 'open again' }],
        });
        for (const number of [2, 3]) await edge.send(frame(epochA, number));
        await until(() => edge.acked.length === 3, 'acknowledged');
        const second = await parts.bridge(run);
        const resent = parts.edge(second.port, 'edge-1');
        for (const number of [2, 3, 4]) await resent.send(frame(epochA, number));
        await delay(500);
        assert.equal(resent.acked.length, 0);
        await again.abort();
        await until(() => resent.acked.length === 3, 'acknowledged');
      } finally {
        await producer.disconnect();
      }
      assert.deepEqual(await texts(run), textsOf(epochA, [1, 2, 3, 4]));
    });
  },
);

test('a recreated outbox is taken: a new epoch begins at 1', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const edge = parts.edge(bridge.port, 'edge-1');
    for (const number of [1, 2]) await edge.send(frame(epochA, number));
    for (const number of [1, 2]) await edge.send(frame(epochB, number));
    await until(() => edge.acked.length === 4, 'acknowledged');
    // The edge begins again with frames of both epochs, at a bridge that knows them from Kafka alone.
    const other = await parts.bridge(run);
    const again = parts.edge(other.port, 'edge-1');
    await again.send(frame(epochA, 2));
    await again.send(frame(epochB, 1));
    await again.send(frame(epochB, 3));
    await until(() => again.acked.length === 3, 'acknowledged');
    assert.deepEqual(await texts(run), [...textsOf(epochA, [1, 2]), ...textsOf(epochB, [1, 2, 3])]);
  });
});

test('numbers that start again within the same epoch are not written', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const first = await parts.bridge(run);
    const edge = parts.edge(first.port, 'edge-1');
    for (const number of [1, 2, 3]) await edge.send(frame(epochA, number));
    await until(() => edge.acked.length === 3, 'acknowledged');
    const second = await parts.bridge(run);
    const again = parts.edge(second.port, 'edge-1');
    for (const number of [1, 2, 3]) await again.send(frame(epochA, number, 5));
    await until(() => again.acked.length === 3, 'acknowledged');
    assert.deepEqual(await texts(run), textsOf(epochA, [1, 2, 3]));
  });
});

test('a gap is written and counted', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const edge = parts.edge(bridge.port, 'edge-1');
    await edge.send(frame(epochA, 1));
    await edge.send(frame(epochA, 7));
    await until(() => edge.acked.length === 2, 'acknowledged');
    assert.deepEqual(await texts(run), textsOf(epochA, [1, 7]));
    assert.equal(await bridge.metric('fleetbed_bridge_frame_gaps_total'), 1);
  });
});

test('a zombie bridge commits nothing, gives the edge up and does not fence back', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const zombie = await parts.bridge(run);
    const bridge = await parts.bridge(run);
    const stayed = parts.edge(zombie.port, 'edge-1');
    await stayed.send(frame(epochA, 1), '1');
    await until(() => stayed.acked.length === 1, 'acknowledged');
    const moved = parts.edge(bridge.port, 'edge-1');
    await moved.send(frame(epochA, 2), '2');
    await until(() => moved.acked.length === 1, 'acknowledged');
    // What the zombie still gets: a frame that the other has committed, and one that nobody has.
    await stayed.send(frame(epochA, 2), '2');
    await stayed.send(frame(epochA, 3, 7), '3');
    await until(() => stayed.closes.length > 0, 'given up');
    stayed.close();
    assert.deepEqual(stayed.acked, ['1']);
    await moved.send(frame(epochA, 3), '3');
    await until(() => moved.acked.length === 2, 'acknowledged');
    assert.deepEqual(await texts(run), textsOf(epochA, [1, 2, 3]));
    assert.equal(await zombie.metric('fleetbed_bridge_fenced_total'), 1);
    assert.equal(await bridge.metric('fleetbed_bridge_fenced_total'), 0);
    assert.equal(moved.closes.length, 0);
  });
});

test('bad frames and bad entries end in fleet.deadletter, the rest goes on', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const edge = parts.edge(bridge.port, 'edge-1');
    const rubbish = Buffer.from('this is no frame');
    const stray = { destination: 'fleet.truth', key: 'VIN00001', value: Buffer.from('the truth') } as const;
    const mixed = encodeFrame({
      epoch: epochA,
      number: 1,
      createdAt: 5,
      entries: [stray, telemetry('VIN00001', 'good')],
    });
    // Larger than one Kafka record can be.
    const large = Buffer.alloc(2_000_000, 'large');
    for (const bytes of [rubbish, mixed, large]) await edge.send(bytes);
    await until(() => edge.acked.length === 3, 'acknowledged');
    assert.deepEqual(await texts(run), ['good']);
    const letters = (await stored(kafka.brokers, run, 'fleet.deadletter')).map((record) =>
      deadLetterCodec.decode(record.value),
    );
    const kept = (reason: string): Buffer[] =>
      letters.filter((letter) => letter.reason === reason).map((letter) => letter.bytes);
    assert.deepEqual(kept('bad-entry'), [stray.value]);
    assert.deepEqual(Buffer.concat(kept('bad-frame')), Buffer.concat([rubbish, large]));
    for (const letter of letters) assert.equal(letter.source, 'bridge');
    assert.equal(await bridge.metric('fleetbed_bridge_dead_letters_total', { reason: 'bad-frame' }), 2);
    assert.equal(await bridge.metric('fleetbed_bridge_dead_letters_total', { reason: 'bad-entry' }), 1);
  });
});

test('two runs on the same Kafka do not mix', { timeout }, async () => {
  await withParts(async (parts) => {
    const [first, second] = [newRun(), newRun()];
    const bridges = [await parts.bridge(first), await parts.bridge(second)];
    const edges = bridges.map((bridge) => parts.edge(bridge.port, 'edge-1'));
    for (const number of [1, 2, 3]) {
      await edges[0]?.send(frame(epochA, number));
      if (number < 3) await edges[1]?.send(frame(epochA, number));
    }
    await until(() => edges[0]?.acked.length === 3 && edges[1]?.acked.length === 2, 'acknowledged');
    assert.deepEqual(await texts(first), textsOf(epochA, [1, 2, 3]));
    assert.deepEqual(await texts(second), textsOf(epochA, [1, 2]));
    for (const bridge of bridges) assert.equal(await bridge.metric('fleetbed_bridge_fenced_total'), 0);
  });
});

test('a topic prefix stands before every topic', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const kafkaSettings = { brokers: kafka.brokers, topicPrefix: 'site7.' };
    const bridge = await parts.bridge(run, { kafka: kafkaSettings });
    const edge = parts.edge(bridge.port, 'edge-1');
    await edge.send(frame(epochA, 1));
    await until(() => edge.acked.length === 1, 'acknowledged');
    assert.deepEqual(await texts(run, 'site7.'), textsOf(epochA, [1]));
    assert.deepEqual(await texts(run), []);
  });
});

test('an edge that comes again on a new connection goes on where it was', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const older = parts.edge(bridge.port, 'edge-1');
    await older.send(frame(epochA, 1));
    await until(() => older.acked.length === 1, 'acknowledged');
    for (let number = 2; number <= 40; number++) await older.send(frame(epochA, number));
    older.close();
    const newer = parts.edge(bridge.port, 'edge-1');
    for (let number = 2; number <= 60; number++) await newer.send(frame(epochA, number));
    await until(() => newer.acked.length === 59, 'acknowledged');
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    assert.deepEqual(await texts(run), textsOf(epochA, numbers).sort());
    assert.equal(await bridge.metric('fleetbed_bridge_edges'), 1);
    assert.equal(newer.closes.length, 0);
  });
});

test('who is not an edge of this run is refused with a reason', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const strangers = [
      parts.edge(bridge.port, 'edge-1', { secret: 'not the secret' }),
      parts.edge(bridge.port, 'edge-1', { id: 'edge-2' }),
      parts.edge(bridge.port, 'edge-1', { run: 'other' }),
    ];
    await until(() => strangers.every((stranger) => stranger.closes.length > 0), 'refused');
    assert.equal(strangers[0]?.closes[0], 'refused:bad-credentials');
    assert.equal(strangers[1]?.closes[0], 'refused:client-id');
    assert.equal(strangers[2]?.closes[0], 'refused:client-id');
    assert.equal(await bridge.metric('fleetbed_bridge_edges'), 0);
  });
});

test('draining commits and acknowledges what has come, and takes nothing more', { timeout }, async () => {
  await withParts(async (parts) => {
    const run = newRun();
    const bridge = await parts.bridge(run);
    const edge = parts.edge(bridge.port, 'edge-1');
    await edge.send(frame(epochA, 1));
    await until(() => edge.acked.length === 1, 'acknowledged');
    for (let number = 2; number <= 200; number++) await edge.send(frame(epochA, number), String(number));
    await delay(20);
    await bridge.drain();
    edge.close();
    const written = (await texts(run)).length / 3;
    assert.equal(edge.acked.length, written);
    assert.ok(written > 1);
    assert.equal(await bridge.metric('fleetbed_bridge_pending_bytes'), 0);
  });
});
