import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { MqttClient } from '#wire/mqtt-client.ts';
import { skipWithout } from '#test/skip-without.ts';
import { until } from '#test/until.ts';
import { startBroker, startClient } from '#test/wire/mqtt-parts.ts';

const run = promisify(execFile);
/** Debian keeps the broker in /usr/sbin, which is not on every user's path. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` };

async function startMosquitto(t: TestContext): Promise<{ port: number; restart: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fleetbed-mosquitto-'));
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const config = path.join(folder, 'mosquitto.conf');
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const start = async () => {
    const child = spawn('mosquitto', ['-c', config], { env, stdio: 'ignore' });
    await until(() => answers(port));
    return child;
  };
  let broker = await start();
  t.after(async () => {
    broker.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });
  const restart = async (): Promise<void> => {
    broker.kill('SIGKILL');
    await once(broker, 'exit');
    broker = await start();
  };
  return { port, restart };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port }, () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

test(
  'our client delivers through mosquitto, over a kill of the broker',
  { timeout: 60_000, skip: skipWithout('mosquitto') },
  async (t) => {
    const { port, restart } = await startMosquitto(t);
    const count = 3000;
    let next = 1;
    const publishMore = (client: MqttClient): void => {
      while (next <= count && client.publish('t', Buffer.from(String(next)), 1, next)) next++;
    };
    const reader = startClient(t, port, { clientId: 'reader' });
    reader.client.subscribe('t', 1);
    await until(() => reader.seen.subscribed.length === 1);
    const writer = startClient(t, port, {}, { onConnect: publishMore, onWritable: publishMore });
    await until(() => writer.seen.acks.length >= 200);
    await restart();
    await until(() => writer.seen.acks.length === count);
    assert.deepEqual(
      writer.seen.acks,
      Array.from({ length: count }, (_, n) => n + 1),
    );
    const received = reader.seen.messages.map(({ payload }) => Number(payload.toString()));
    assert.ok(received.length > 0);
    assert.ok(received.every((value, n) => n === 0 || value <= next));
  },
);

test(
  'mosquitto_pub and mosquitto_sub play a car at our broker',
  { timeout: 60_000, skip: skipWithout('mosquitto_pub') },
  async (t) => {
    const { broker, received, refused } = await startBroker(t);
    const identity = ['-h', '127.0.0.1', '-p', String(broker.port), '-u', 'car', '-i', 'run1/car'];
    const publish = [...identity, '-t', 't/car', '-m', '{"speed": 50}'];
    await run('mosquitto_pub', [...publish, '-P', 'secret', '-q', '1']);
    await run('mosquitto_pub', [...publish, '-P', 'secret', '-q', '0']);
    await until(() => received.length === 2);
    assert.deepEqual(
      received.map(({ message: { qos, payload } }) => [qos, payload.toString()]),
      [
        [1, '{"speed": 50}'],
        [0, '{"speed": 50}'],
      ],
    );
    await assert.rejects(run('mosquitto_pub', [...publish, '-P', 'wrong', '-q', '1']));
    assert.equal(await refused('bad-credentials'), 1);
    await broker.publish('s/car', Buffer.from('alarm'), { qos: 1, retain: true });
    const { stdout } = await run('mosquitto_sub', [
      ...identity,
      '-P',
      'secret',
      '-t',
      's/car',
      '-q',
      '1',
      '-C',
      '1',
    ]);
    assert.equal(stdout, 'alarm\n');
  },
);
