import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { rmdirSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { testBridge } from './bridge-stand-in.ts';
import { childEdge } from './child-edge.ts';
import { skipWithout } from '#test/skip-without.ts';
import { until } from '#test/until.ts';
import { identities, storedFrames, tempFolder, testCar, vin } from './rig.ts';

const options = { timeout: 60_000 };

test(
  'after kill -9 under load every acknowledged message is in the outbox, each once',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const acked = new Map<string, number>();
    for (const life of [1, 2, 3]) {
      const edge = await childEdge(t, folder);
      const cars = await Promise.all([1, 2, 3, 4].map((n) => testCar(t, edge.port, `${vin}${n}`)));
      // What was not acknowledged before comes again, as from a car whose link was lost.
      for (const car of cars) car.sendSeqs(1, (acked.get(car.vin) ?? 0) + 1, life * 2000);
      await until(() => cars.every((car) => car.acked.length > 200));
      edge.process.kill('SIGKILL');
      await edge.exited;
      for (const car of cars) {
        car.client.destroy();
        acked.set(car.vin, Math.max(...car.acked));
      }
    }
    const frames = storedFrames(`${folder}/outbox`);
    const stored = identities(frames);
    const present = new Set(stored);
    assert.equal(present.size, stored.length, 'nothing is stored twice');
    for (const [car, last] of acked) {
      for (let seq = 1; seq <= last; seq++)
        assert.ok(present.has(`${car}/1/${seq}`), `${car}/1/${seq} is lost`);
    }
    assert.deepEqual(
      frames.map((frame) => frame.number),
      frames.map((_frame, index) => index + 1),
    );
    assert.equal(new Set(frames.map((frame) => frame.epoch)).size, 1);
  },
);

/** Says of each line of a trace whether an fsync of the outbox's log ended in it; a call may take two lines. */
function syncWatch(): (line: string) => boolean {
  const unfinished = new Set<string>();
  return (line) => {
    const [thread = ''] = line.split(' ');
    if (/f(data)?sync\(\d+<[^>]*outbox\.db-wal> <unfinished/.test(line)) unfinished.add(thread);
    if (/<\.\.\. f(data)?sync resumed>.*= 0/.test(line)) return unfinished.delete(thread);
    return /f(data)?sync\(\d+<[^>]*outbox\.db-wal>\)\s*= 0/.test(line);
  };
}

const straceTest = { ...options, skip: skipWithout('strace') };
test('the outbox has been through fsync before a PUBACK is written', straceTest, async (t) => {
  const folder = await tempFolder(t);
  const trace = path.join(folder, 'trace');
  const calls = 'trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg';
  // -yy: each descriptor comes with its file or the addresses of its socket.
  const strace = ['strace', '-f', '-yy', '-s', '64', '-e', calls, '-o', trace];
  const edge = await childEdge(t, folder, { outbox: { linger: 5 } }, strace);
  const car = await testCar(t, edge.port, vin);
  for (let seq = 1; seq <= 30; seq++) {
    car.sendSeqs(1, seq, seq);
    await until(() => car.acked.length === seq);
  }
  process.kill(edge.pid, 'SIGTERM');
  await edge.exited;
  // '@' is 0x40, the first byte of a PUBACK.
  const puback = new RegExp(`TCP:\\[127\\.0\\.0\\.1:${edge.port}->[^\\]]*\\]>, .*"@`);
  const logWritten = /pwrite64\(\d+<[^>]*outbox\.db-wal>/;
  const isSync = syncWatch();
  let pubacks = 0;
  let durable = false;
  for (const line of (await readFile(trace, 'utf8')).split('\n')) {
    if (isSync(line)) durable = true;
    else if (logWritten.test(line)) durable = false;
    else if (puback.test(line)) {
      assert.ok(durable, `written before fsync: ${line}`);
      pubacks += 1;
      // The next one needs a commit of its own.
      durable = false;
    }
  }
  assert.equal(pubacks, 30);
});

test(
  'SIGTERM: what is in hand is committed, acknowledged and carried to the bridge, exit 0',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const bridge = await testBridge(t);
    const uplink = { bridges: [`127.0.0.1:${bridge.port}`], password: 'edge password' };
    const edge = await childEdge(t, folder, { uplink, outbox: { linger: 300 } });
    const car = await testCar(t, edge.port, vin);
    car.sendSeqs(1, 1, 20);
    await until(async () => (await edge.metrics()).value('fleetbed_edge_messages_total') === 20);
    edge.process.kill('SIGTERM');
    assert.deepEqual(await edge.exited, [0, null]);
    assert.equal(car.acked.length, 20);
    assert.equal(identities(bridge.arrived).length, 20);
    assert.deepEqual(storedFrames(`${folder}/outbox`), []);
  },
);

test('a port in use and a folder in use are said in words, exit 106', options, async (t) => {
  const folder = await tempFolder(t);
  const edge = await childEdge(t, folder);
  await assert.rejects(childEdge(t, folder), /ended with 106: .*another process has the outbox/);
  const other = await tempFolder(t);
  await assert.rejects(
    childEdge(t, other, { listen: { port: edge.port } }),
    new RegExp(`ended with 106: .*127.0.0.1:${edge.port} is already in use`),
  );
});

test(
  'on a full disk nothing is acknowledged and the edge is not ready, until there is room again',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const small = await mkdtemp(path.join(os.tmpdir(), 'fleetbed-small-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', small]).status !== 0) {
      rmdirSync(small);
      t.skip('no file system may be mounted here');
      return;
    }
    t.after(() => {
      execFileSync('umount', ['--lazy', small]);
      rmdirSync(small);
    });
    const edge = await childEdge(t, folder, { dataDir: path.join(small, 'outbox') });
    const car = await testCar(t, edge.port, vin);
    car.sendSeqs(1, 1, 1500);
    await until(async () => (await edge.ready()).status === 503);
    assert.match((await edge.ready()).body, /the disk is full/);
    assert.ok(car.acked.length < 1500);
    execFileSync('mount', ['-o', 'remount,size=20m', small]);
    await until(() => car.acked.length === 1500);
    await until(async () => (await edge.ready()).status === 200);
    edge.process.kill('SIGTERM');
    await edge.exited;
    assert.deepEqual(
      identities(storedFrames(path.join(small, 'outbox'))),
      Array.from({ length: 1500 }, (_value, index) => `${vin}/1/${index + 1}`),
    );
  },
);

test(
  'a disk that the testbed says is full: cars wait, a kill loses nothing, and after it they catch up',
  options,
  async (t) => {
    const folder = await tempFolder(t);
    const edge = await childEdge(t, folder, { maxHeldPerCar: 20 }, [], true);
    const car = await testCar(t, edge.port, vin);
    car.sendSeqs(1, 1, 500);
    await until(() => car.acked.length === 500);
    edge.tell({ type: 'disk', full: true });
    car.sendSeqs(1, 501, 1500);
    await until(async () => (await edge.ready()).body.includes('the disk is full'));
    assert.equal((await edge.ready()).status, 503);
    const ackedBefore = car.acked.length;
    // Held back at the broker: it no longer reads what the car has sent.
    const read = async (): Promise<number> =>
      (await edge.metrics()).value('fleetbed_edge_messages_total') ?? 0;
    await until(async () => (await read()) >= ackedBefore + 20);
    assert.ok((await read()) < 1000, 'cars are not pushed back');
    assert.equal(car.acked.length, ackedBefore);
    edge.process.kill('SIGKILL');
    await edge.exited;
    const stored = identities(storedFrames(path.join(folder, 'outbox')));
    assert.deepEqual(
      stored,
      Array.from({ length: stored.length }, (_value, index) => `${vin}/1/${index + 1}`),
    );
    assert.ok(stored.length >= ackedBefore, 'what was acknowledged is on disk');

    const second = await childEdge(t, folder, { maxHeldPerCar: 20 }, [], true);
    const again = await testCar(t, second.port, vin);
    second.tell({ type: 'disk', full: true });
    again.sendSeqs(1, ackedBefore + 1, 1500);
    await until(async () => (await second.ready()).status === 503);
    second.tell({ type: 'disk', full: false });
    await until(() => again.acked.length === 1500 - ackedBefore);
    await until(async () => (await second.ready()).status === 200);
    second.process.kill('SIGTERM');
    assert.deepEqual(await second.exited, [0, null]);
    assert.deepEqual(
      identities(storedFrames(path.join(folder, 'outbox'))),
      Array.from({ length: 1500 }, (_value, index) => `${vin}/1/${index + 1}`),
    );
  },
);
