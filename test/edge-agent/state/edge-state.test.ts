import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { EdgeState } from '#contract/records.ts';
import { ConnectionCount, connectionFile } from '#edge-agent/state/connection-count.ts';
import { EdgeStatePublisher } from '#edge-agent/state/edge-state.ts';
import type { Uplink } from '#edge-agent/uplink/uplink.ts';
import { until } from '#test/until.ts';
import { tempFolder } from '../rig.ts';
import { log, stateBridge, uplinkAlone } from '../uplink/uplink-parts.ts';

const options = { timeout: 60_000 };

interface Stating {
  state: EdgeStatePublisher;
  uplink: Uplink;
  /** What the state says of releases: to be changed by the test. */
  models: Pick<EdgeState, 'running' | 'previous' | 'refusals'>;
}

/** An uplink that says its edge's state. */
async function stating(
  t: TestContext,
  folder: string,
  port: number,
  set: { intervalMs?: number; window?: number } = {},
): Promise<Stating> {
  const { intervalMs, window = 8 } = set;
  const models: Stating['models'] = { running: null, previous: null, refusals: {} };
  const state = new EdgeStatePublisher({
    edge: 'edge-1',
    connection: new ConnectionCount(folder, log),
    models: () => models,
    figures: () => ({ cars: 3, outboxFrames: 4, outboxBytes: 5, inferenceP99Us: 6.5, alarmsPerSecond: 0.25 }),
    publish: (bytes) => uplink.publishState(bytes),
    ...(intervalMs !== undefined && { intervalMs }),
  });
  const { uplink } = await uplinkAlone(t, folder, port, {
    window,
    lastState: () => state.lastWill(),
    onConnected: () => state.connected(),
  });
  uplink.start();
  return { state, uplink, models };
}

test('says its state at the connect and at every change', options, async (t) => {
  const bridge = await stateBridge(t);
  const { state, models } = await stating(t, await tempFolder(t), bridge.port);
  await until(() => bridge.states.length === 1);
  Object.assign(models, { running: 'r2-b', previous: 'r1-a', refusals: { expired: 2 } });
  state.changed();
  await until(() => bridge.states.length === 2);
  const [first, second] = bridge.states;
  assert.ok(first && second);
  const { connection, at, ...said } = first;
  assert.ok(Math.abs(at - Date.now()) < 60_000);
  assert.deepEqual(said, {
    edge: 'edge-1',
    online: true,
    running: null,
    previous: null,
    shadow: null,
    cars: 3,
    outboxFrames: 4,
    outboxBytes: 5,
    inferenceP99Us: 6.5,
    alarmsPerSecond: 0.25,
    refusals: {},
    will: false,
    retain: true,
  });
  assert.deepEqual(
    [second.connection, second.running, second.previous, second.refusals],
    [connection, 'r2-b', 'r1-a', { expired: 2 }],
  );
});

test('says it again and again while nothing changes', options, async (t) => {
  const bridge = await stateBridge(t);
  await stating(t, await tempFolder(t), bridge.port, { intervalMs: 10 });
  await until(() => bridge.states.length >= 4);
  assert.ok(bridge.states.every(({ online }) => online));
});

test(
  'a lost connection leaves a last will with its own number; the next has the next',
  options,
  async (t) => {
    const bridge = await stateBridge(t);
    const folder = await tempFolder(t);
    await stating(t, folder, bridge.port);
    for (const count of [1, 3, 5]) {
      await until(() => bridge.states.length === count);
      bridge.cut();
    }
    await until(() => bridge.states.length === 7);
    const base = bridge.states[0]?.connection ?? 0;
    assert.deepEqual(
      bridge.states.map(({ connection, online, will }) => [connection - base, online, will]),
      [0, 1, 2, 3]
        .flatMap((n) => [
          [n, true, false],
          [n, false, true],
        ])
        .slice(0, 7),
    );
    assert.equal(Number(readFileSync(path.join(folder, connectionFile), 'latin1')), base + 3);
  },
);

test('the number is on disk before the CONNECT is sent', options, async (t) => {
  const folder = await tempFolder(t);
  const onDisk: number[] = [];
  const sockets: Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => {
      onDisk.push(Number(readFileSync(path.join(folder, connectionFile), 'latin1')));
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  await stating(t, folder, (server.address() as net.AddressInfo).port);
  await until(() => onDisk.length === 3);
  const [first = 0] = onDisk;
  assert.deepEqual(onDisk, [first, first + 1, first + 2]);
});

test('numbers go on after a restart, and after a file that is lost or damaged are above', async (t) => {
  const folder = await tempFolder(t);
  const count = new ConnectionCount(folder, log);
  const first = count.next();
  assert.equal(count.next(), first + 1);
  // Without close(): as after kill -9.
  const again = new ConnectionCount(folder, log);
  assert.equal(again.next(), first + 2);
  assert.equal(again.current, first + 2);
  writeFileSync(path.join(folder, connectionFile), '00000');
  const repaired = new ConnectionCount(folder, log);
  assert.ok(repaired.next() >= first, 'above what the cloud may remember of this edge');
  for (const one of [count, again, repaired]) one.close();
});

test('an edge that ends says so itself, and leaves no will', options, async (t) => {
  const bridge = await stateBridge(t);
  const { state, uplink, models } = await stating(t, await tempFolder(t), bridge.port);
  await until(() => bridge.states.length === 1);
  models.running = 'r3-c';
  state.close();
  await uplink.close();
  await until(() => bridge.states.length === 2 && bridge.broker.connections === 0);
  const last = bridge.states.at(-1);
  assert.deepEqual([last?.online, last?.will, last?.running], [false, false, 'r3-c']);
});

test('where its last word does not get through, the will has it', options, async (t) => {
  const bridge = await stateBridge(t);
  bridge.acknowledges = () => false;
  const { state, uplink } = await stating(t, await tempFolder(t), bridge.port, { window: 1 });
  await until(() => bridge.states.length === 1);
  // The first state fills the window.
  state.close();
  await uplink.close();
  await until(() => bridge.states.length === 2);
  assert.deepEqual([bridge.states[1]?.online, bridge.states[1]?.will], [false, true]);
});
