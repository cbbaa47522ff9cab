import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeCertificate } from '#test/certificate.ts';
import { fleetbed, readSummary, scratch } from '#test/fleetbed.ts';
import { testKafka } from '#test/kafka.ts';
import { startMosquitto } from '#test/mosquitto.ts';
import { skipWithout } from '#test/skip-without.ts';
import { pickPort } from '#testbed/run/ports.ts';

const execFile = promisify(childProcess.execFile);

/** Two bridges at a broker that the user has already; what becomes of them becomes of their edges. */
const scenario = `
name: own-broker
seed: 12
fleet: { interval: 1s, readingsPerMessage: 10, qos: 1, speedup: 10 }
stages: [{ for: 32s, cars: 60 }]
edges: { count: 2 }
bridges: { count: 2 }
timeline:
  - { at: 3s, kill: bridge-1 }
  - { at: 8s, for: 2s, cut: edge-1/bridge }
  # Its broker gives it up after 7 s of silence, and a second or two more.
  - { at: 12s, for: 15s, pause: bridge-2 }
  - { at: 15s, kill: edge-2 }
thresholds: { delivery.lost: "== 0", delivery.duplicated: "== 0", delivery.reordered: "== 0" }
`;
/** Two of these at once have parts of the same names. */
const shortScenario = `
name: side-by-side
seed: 5
fleet: { interval: 1s, readingsPerMessage: 10, qos: 1, speedup: 10 }
stages: [{ for: 10s, cars: 40 }]
edges: { count: 2 }
timeline:
  - { at: 3s, for: 2s, cut: edge-1/bridge }
  - { at: 5s, kill: bridge }
thresholds: { delivery.lost: "== 0", delivery.duplicated: "== 0", delivery.reordered: "== 0" }
`;
const testbed = { testbed: 'pw one' };

/** Neither a session, beside the client that asks, nor anything retained. */
async function assertNothingLeft(port: number, ...options: string[]): Promise<void> {
  const all = [...['-p', String(port), '-u', 'testbed', '-P', testbed.testbed], ...options];
  // It ends with a code of its own when its time is up.
  const ask = async (...what: string[]): Promise<string> =>
    (await execFile('mosquitto_sub', [...all, ...what]).catch((error: { stdout: string }) => error)).stdout;
  assert.equal(await ask('-t', 'fleetbed/#', '-v', '-W', '2'), '');
  // Its count is retained, and follows within a second or two.
  let clients: string | undefined;
  for (let times = 0; times < 10 && clients !== '1'; times++) {
    clients = (await ask('-t', '$SYS/broker/clients/total', '-W', '3')).trim().split('\n').at(-1);
  }
  assert.equal(clients, '1');
}

test(
  'a run at the user’s own broker: the ledger finds every message once and in order, and nothing stays behind',
  { timeout: 240_000, skip: skipWithout('mosquitto') },
  async () => {
    await using folder = await scratch();
    const broker = await startMosquitto({ testbed });
    try {
      const out = path.join(folder.dir, 'out');
      const file = await folder.file('broker.yaml', scenario);
      const url = `mqtt://testbed:pw%20one@127.0.0.1:${broker.runPort}`;
      const ended = await fleetbed(['run', file, '--mqtt', url, '--out', out]);
      const logOf = (part: string): Promise<string> =>
        readFile(path.join(out, 'logs', `${part}.log`), 'utf8');
      assert.equal(ended.code, 0, ended.stdout + ended.stderr + (await logOf('bridge-1')));
      assert.match(ended.stdout, new RegExp(`meet at the MQTT broker 127.0.0.1:${broker.runPort}`));
      assert.ok(!ended.stdout.includes('pw one'));

      const { sent, stored, lost, duplicated, reordered, unconfirmed } = (await readSummary(out)).delivery;
      assert.ok(sent > 1000, `only ${sent} messages were sent`);
      assert.deepEqual(
        { stored, lost, duplicated, reordered, unconfirmed },
        { stored: sent, lost: 0, duplicated: 0, reordered: 0, unconfirmed: 0 },
      );
      // bridge-1 stood by for edge-2 while bridge-2 slept, and the other way round while bridge-1 was dead.
      for (const part of ['bridge-1', 'bridge-2']) {
        assert.match(await logOf(part), /"owns":false.*"msg":"takes the frames of an edge"/);
      }

      await assertNothingLeft(broker.runPort);
    } finally {
      await broker.stop();
    }
  },
);

test(
  'two runs at once at one broker, over TLS, and on one Kafka: neither has anything of the other’s',
  { timeout: 240_000, skip: skipWithout('mosquitto') || skipWithout('openssl') },
  async () => {
    await using folder = await scratch();
    const tls = await makeCertificate(folder.dir);
    const kafka = await testKafka();
    const broker = await startMosquitto({ testbed }, { tls });
    try {
      const file = await folder.file('short.yaml', shortScenario);
      const url = `mqtts://testbed:pw%20one@127.0.0.1:${broker.runPort}?ca=${tls.cert}`;
      const run = async (name: string): Promise<void> => {
        const out = path.join(folder.dir, name);
        const ended = await fleetbed([
          ...['run', file, '--mqtt', url],
          ...['--kafka', kafka.brokers.join(','), '--out', out],
        ]);
        assert.equal(ended.code, 0, ended.stdout + ended.stderr);
        const { sent, stored, lost, duplicated, reordered, unconfirmed } = (await readSummary(out)).delivery;
        assert.ok(sent > 300, `only ${sent} messages were sent`);
        assert.deepEqual(
          { stored, lost, duplicated, reordered, unconfirmed },
          { stored: sent, lost: 0, duplicated: 0, reordered: 0, unconfirmed: 0 },
        );
      };
      await Promise.all([run('one'), run('other')]);
      await assertNothingLeft(broker.runPort, '--cafile', tls.cert);
    } finally {
      await broker.stop();
      await kafka.stop();
    }
  },
);

test(
  'a broker that refuses, or that is not there, ends the run before it begins',
  { timeout: 60_000, skip: skipWithout('mosquitto') },
  async () => {
    await using folder = await scratch();
    const file = await folder.file('broker.yaml', scenario);
    const broker = await startMosquitto({ testbed });
    try {
      const url = `mqtt://testbed:wrong@127.0.0.1:${broker.runPort}`;
      const refused = await fleetbed(['run', file, '--mqtt', url]);
      assert.equal(refused.code, 106);
      assert.match(refused.stderr, /the MQTT broker at 127\.0\.0\.1:\d+ does not take fleetbed: refused/);
      const nowhere = await fleetbed(['run', file, '--mqtt', `mqtt://127.0.0.1:${await pickPort()}`]);
      assert.equal(nowhere.code, 106);
      assert.match(nowhere.stderr, /the MQTT broker at 127\.0\.0\.1:\d+ cannot be reached: unreachable/);
    } finally {
      await broker.stop();
    }
  },
);
