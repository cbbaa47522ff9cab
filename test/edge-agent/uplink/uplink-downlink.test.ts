import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgeTopics } from '#contract/mqtt-topics.ts';
import { edgeStateCodec, type EdgeState } from '#contract/records.ts';
import { until } from '#test/until.ts';
import { tempFolder } from '../rig.ts';
import { stateBridge, uplinkAlone } from './uplink-parts.ts';

const options = { timeout: 60_000 };

function stateOf(at: number): Buffer {
  const state: EdgeState = {
    edge: 'edge-1',
    connection: 1,
    online: true,
    running: null,
    previous: null,
    shadow: null,
    cars: 0,
    outboxFrames: 0,
    outboxBytes: 0,
    inferenceP99Us: 0,
    alarmsPerSecond: 0,
    refusals: {},
    at,
  };
  return edgeStateCodec.encode(state);
}

test('states go between frames and leave their order and acknowledgements alone', options, async (t) => {
  const bridge = await stateBridge(t);
  const { uplink, outbox, acknowledged, store } = await uplinkAlone(t, await tempFolder(t), bridge.port, {
    window: 2,
  });
  uplink.start();
  await until(() => uplink.connected);
  for (let n = 1; n <= 40; n++) {
    uplink.publishState(stateOf(n));
    await store();
    if (n === 15) bridge.cut();
  }
  await until(() => acknowledged() === 40 && bridge.states.at(-1)?.at === 40);
  const distinct = [...new Set(bridge.frames)];
  assert.deepEqual(
    distinct,
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
  assert.equal(outbox.frames, 0);
  assert.ok(bridge.states.every(({ retain, will }) => retain && !will));
});

test(
  'one state is in flight at a time, and the newest follows it before frames that wait',
  options,
  async (t) => {
    const bridge = await stateBridge(t);
    bridge.acknowledges = () => false;
    const { uplink, store } = await uplinkAlone(t, await tempFolder(t), bridge.port, { window: 3 });
    uplink.start();
    await until(() => uplink.connected);
    for (let n = 1; n <= 4; n++) uplink.publishState(stateOf(n));
    for (let n = 1; n <= 5; n++) await store();
    await until(() => bridge.held.length === 3);
    assert.deepEqual(
      bridge.states.map(({ at }) => at),
      [1],
    );
    assert.deepEqual(bridge.frames, [1, 2], 'a state takes one place of the window');
    bridge.held.shift()?.settle();
    await until(() => bridge.held.length === 3);
    assert.deepEqual(
      bridge.states.map(({ at }) => at),
      [1, 4],
    );
    assert.deepEqual(bridge.frames, [1, 2]);
  },
);

test('what is subscribed to comes again after a cut, and what is no longer does not', options, async (t) => {
  const bridge = await stateBridge(t);
  const desired = edgeTopics.desired('edge-1');
  const chunk = 'releases/r1-a/chunk/0';
  await bridge.broker.publish(desired, Buffer.from('wanted'), { qos: 1, retain: true });
  await bridge.broker.publish(chunk, Buffer.from('part'), { qos: 1, retain: true });
  const got: string[] = [];
  const { uplink } = await uplinkAlone(t, await tempFolder(t), bridge.port, {
    onMessage: (topic, payload) => {
      got.push(`${topic} ${payload.toString()}`);
      if (topic === chunk) uplink.unsubscribe(chunk);
    },
  });
  uplink.subscribe(desired);
  uplink.subscribe(chunk);
  uplink.start();
  await until(() => got.length === 2);
  bridge.cut();
  await until(() => got.length === 3);
  await bridge.broker.publish(chunk, Buffer.from('new'), { qos: 1, retain: true });
  await bridge.broker.publish(desired, Buffer.from('other'), { qos: 1, retain: true });
  await until(() => got.length === 4);
  assert.deepEqual(got.toSorted(), [
    `${desired} other`,
    `${desired} wanted`,
    `${desired} wanted`,
    `${chunk} part`,
  ]);
  assert.deepEqual(bridge.subscribed, [desired, chunk, desired]);
});

test('the last will is made anew for every connection', options, async (t) => {
  const bridge = await stateBridge(t);
  let attempts = 0;
  const { uplink } = await uplinkAlone(t, await tempFolder(t), bridge.port, {
    lastState: () => stateOf(++attempts),
  });
  uplink.start();
  for (const connection of [1, 2, 3]) {
    await until(() => uplink.connected && attempts === connection);
    bridge.cut();
    await until(() => bridge.states.length === connection);
  }
  assert.deepEqual(
    bridge.states.map(({ at, will, retain }) => [at, will, retain]),
    [
      [1, true, true],
      [2, true, true],
      [3, true, true],
    ],
  );
});
