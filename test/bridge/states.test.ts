import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runKey } from '#contract/identity.ts';
import { edgeTopics } from '#contract/mqtt-topics.ts';
import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { frame, readAll, testBridge, TestEdge, type TestBridge } from './rig.ts';
import { TestCloud } from './test-cloud.ts';

/** What edges say of themselves, on its way into fleet.edges. */

const timeout = 60_000;

let kafka: TestKafka;
before(
  async () => {
    kafka = await testKafka();
  },
  { timeout },
);
after(async () => kafka.stop());

interface Parts {
  run: string;
  bridge(): Promise<TestBridge>;
  edge(bridge: TestBridge, name?: string, will?: Buffer): TestEdge;
}

/** Names of one length: a prefix that is cut off unchecked would fit another run. */
let runs = 100;

async function withParts(story: (parts: Parts) => Promise<void>): Promise<void> {
  const run = `run${++runs}`;
  const bridges: TestBridge[] = [];
  const edges: TestEdge[] = [];
  try {
    await story({
      run,
      async bridge() {
        const bridge = await testBridge(kafka.brokers, run);
        bridges.push(bridge);
        return bridge;
      },
      edge(bridge, name = 'edge-1', will) {
        const options = will && {
          will: { topic: edgeTopics.state(name), payload: will, qos: 1, retain: true } as const,
        };
        const edge = new TestEdge(bridge.port, name, options);
        edges.push(edge);
        return edge;
      },
    });
  } finally {
    for (const edge of edges) edge.close();
    await Promise.all(bridges.map(async (bridge) => bridge.drain()));
  }
}

let clock = 1_700_000_000_000;

/** Each made later than the one before. */
function stateOf(changes: Partial<EdgeState> = {}): Buffer {
  return edgeStateCodec.encode({
    edge: 'edge-1',
    connection: 1,
    online: true,
    running: 'r1-aaaaaaaaaaaa',
    previous: null,
    shadow: null,
    cars: 100,
    outboxFrames: 0,
    outboxBytes: 0,
    inferenceP99Us: 120,
    alarmsPerSecond: 0,
    refusals: { 'bad-hash': 2 },
    at: ++clock,
    ...changes,
  });
}

/** The records of fleet.edges, by key: the last stands last. */
async function written(run: string, edge = 'edge-1'): Promise<Buffer[]> {
  const records = await readAll(kafka.brokers, 'fleet.edges');
  return records
    .filter(({ key }) => String(key) === runKey(run, edge))
    .map(({ value }) => value ?? Buffer.alloc(0));
}

async function untilWritten(bridge: TestBridge, count: number): Promise<void> {
  await until(
    async () => (await bridge.metric('fleetbed_bridge_states_written_total')) === count,
    `${count} written`,
  );
}

test('a state reaches fleet.edges unchanged, under its run and edge', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const states = ['edge-1', 'edge-2'].map((edge) => stateOf({ edge }));
    for (const [index, name] of ['edge-1', 'edge-2'].entries()) {
      const edge = parts.edge(bridge, name);
      await edge.say(states[index] ?? assert.fail());
      await until(() => edge.acked.length === 1, 'acknowledged');
    }
    await untilWritten(bridge, 2);
    assert.deepEqual(await written(run), [states[0]]);
    assert.deepEqual(await written(run, 'edge-2'), [states[1]]);
    assert.equal(await bridge.metric('fleetbed_bridge_states_waiting'), 0);
  });
});

test('a last will says offline, and comes after what its connection said', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const offline = stateOf({ online: false });
    const online = stateOf();
    const edge = parts.edge(bridge, 'edge-1', offline);
    await edge.say(online);
    await untilWritten(bridge, 1);
    edge.close();
    await untilWritten(bridge, 2);
    assert.deepEqual(await written(run), [online, offline]);
  });
});

test('what an older connection says late is ignored, also by a new bridge', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const first = await parts.bridge();
    const [late, later] = [stateOf({ connection: 4, online: false }), stateOf({ connection: 3 })];
    const newest = stateOf({ connection: 5 });
    const edge = parts.edge(first);
    await edge.say(newest);
    await untilWritten(first, 1);
    await edge.say(late);
    await until(() => edge.acked.length === 2, 'acknowledged');
    edge.close();
    await first.drain();
    assert.equal(await first.metric('fleetbed_bridge_states_late_total'), 1);
    const second = await parts.bridge();
    const again = parts.edge(second);
    await again.say(later);
    await until(() => again.acked.length === 1, 'acknowledged');
    assert.equal(await second.metric('fleetbed_bridge_states_late_total'), 1);
    const next = stateOf({ connection: 6 });
    await again.say(next);
    await untilWritten(second, 1);
    assert.deepEqual(await written(run), [newest, next]);
  });
});

test('an edge that counts from 1 again after it lost its disk is heard', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const edge = parts.edge(bridge);
    const [before_, after_] = [stateOf({ connection: 70 }), stateOf({ connection: 1 })];
    await edge.say(before_);
    await untilWritten(bridge, 1);
    await edge.say(after_);
    await untilWritten(bridge, 2);
    assert.deepEqual(await written(run), [before_, after_]);
  });
});

test('an edge that moved to another bridge is online, whatever the first one says', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const [left, taken] = [await parts.bridge(), await parts.bridge()];
    const offline = stateOf({ online: false });
    const stayed = parts.edge(left, 'edge-1', offline);
    await stayed.say(stateOf());
    await untilWritten(left, 1);
    const newest = stateOf({ connection: 2 });
    const moved = parts.edge(taken);
    await moved.say(newest);
    await untilWritten(taken, 1);
    stayed.close();
    // Either the first bridge knows already, or the second one puts it right.
    await until(
      async () =>
        (await left.metric('fleetbed_bridge_states_late_total')) === 1 ||
        (await taken.metric('fleetbed_bridge_states_written_again_total')) > 0,
      'settled',
    );
    assert.deepEqual((await written(run)).at(-1), newest);
  });
});

test('what came to stand behind the newest state by mistake is overwritten', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const cloud = await TestCloud.open(kafka.brokers, run);
    try {
      const edge = parts.edge(bridge);
      const [older, online, offline] = [
        stateOf({ connection: 6 }),
        stateOf({ connection: 7 }),
        stateOf({ connection: 7, online: false }),
      ];
      await edge.say(online);
      await edge.say(offline);
      await until(async () => (await written(run)).at(-1)?.equals(offline) ?? false, 'written');
      // As a request does that was given up and is carried out after all.
      for (const stray of [online, older, Buffer.from('rubbish')]) {
        await cloud.write('fleet.edges', runKey(run, 'edge-1'), stray);
        await until(async () => {
          const all = await written(run);
          return all.findLastIndex((bytes) => bytes.equals(stray)) < all.length - 1;
        }, 'overwritten');
        assert.deepEqual((await written(run)).at(-1), offline);
      }
    } finally {
      await cloud.close();
    }
  });
});

test('what is no state of its edge is counted, acknowledged and not written', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const edge = parts.edge(bridge);
    const large = stateOf({
      refusals: Object.fromEntries(Array.from({ length: 9000 }, (_, n) => [`r${n}`, n])),
    });
    const bad = [
      Buffer.alloc(0),
      Buffer.from('rubbish'),
      stateOf().subarray(0, 40),
      stateOf({ edge: 'edge-2' }),
      large,
    ];
    for (const bytes of bad) await edge.say(bytes);
    await edge.send(frame('aaaaaaaaaaaaaaaa', 1));
    await until(() => edge.acked.length === bad.length + 1, 'acknowledged');
    assert.equal(await bridge.metric('fleetbed_bridge_states_refused_total'), bad.length);
    const good = stateOf();
    await edge.say(good);
    await untilWritten(bridge, 1);
    assert.deepEqual(await written(run), [good]);
    assert.deepEqual(await written(run, 'edge-2'), []);
    assert.deepEqual(edge.closes, []);
  });
});

test('an edge may not say the state of another', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const edge = parts.edge(bridge, 'edge-1');
    Object.defineProperty(edge, 'name', { value: 'edge-2' });
    await edge.say(stateOf({ edge: 'edge-2' }));
    await until(() => edge.closes.length > 0, 'closed');
    assert.ok((await bridge.metric('fleetbed_bridge_refused_total', { reason: 'forbidden-topic' })) > 0);
    assert.deepEqual(await written(run, 'edge-2'), []);
  });
});

test('two runs on the same Kafka have edges of their own', { timeout }, async () => {
  await withParts(async (one) => {
    await withParts(async (other) => {
      const bridges = [await one.bridge(), await other.bridge()] as const;
      const states = [stateOf({ connection: 9 }), stateOf({ connection: 2, at: 1 })] as const;
      await one.edge(bridges[0]).say(states[0]);
      await untilWritten(bridges[0], 1);
      await other.edge(bridges[1]).say(states[1]);
      await untilWritten(bridges[1], 1);
      assert.deepEqual(await written(one.run), [states[0]]);
      assert.deepEqual(await written(other.run), [states[1]]);
    });
  });
});

test('draining writes what edges said last', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const edge = parts.edge(bridge);
    const states = Array.from({ length: 20 }, (_, cars) => stateOf({ cars }));
    for (const state of states) await edge.say(state);
    await until(() => edge.acked.length === states.length, 'acknowledged');
    await bridge.drain();
    assert.deepEqual((await written(run)).at(-1), states.at(-1));
  });
});

test('draining tells that edges with a last will are offline', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const offline = stateOf({ online: false });
    const edge = parts.edge(bridge, 'edge-1', offline);
    await edge.say(stateOf());
    await until(() => edge.acked.length === 1, 'acknowledged');
    await bridge.drain();
    assert.deepEqual((await written(run)).at(-1), offline);
  });
});

test('Kafka killed and started again: the last state of each edge is there', { timeout }, async () => {
  await withParts(async ({ run, ...parts }) => {
    const bridge = await parts.bridge();
    const names = ['edge-1', 'edge-2', 'edge-3'];
    const edges = names.map((name) => parts.edge(bridge, name));
    for (const edge of edges) await edge.say(stateOf({ edge: edge.name }));
    await untilWritten(bridge, 3);
    kafka.local.kill();
    await delay(200);
    const count = 30;
    const last = new Map<string, Buffer>();
    for (let cars = 0; cars < count; cars++) {
      for (const edge of edges) {
        const state = stateOf({ edge: edge.name, cars });
        last.set(edge.name, state);
        await edge.say(state);
      }
    }
    // They are acknowledged without Kafka, and only the latest of each is kept.
    await until(() => edges.every((edge) => edge.acked.length === count + 1), 'acknowledged');
    assert.equal(await bridge.metric('fleetbed_bridge_states_waiting'), 3);
    await kafka.local.start();
    await until(async () => (await bridge.metric('fleetbed_bridge_states_waiting')) === 0, 'written');
    for (const name of names) {
      const records = await written(run, name);
      assert.deepEqual(records.at(-1), last.get(name));
      assert.ok(records.length <= 4, `${records.length} records of ${name}`);
    }
  });
});
