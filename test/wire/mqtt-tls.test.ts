import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type tls from 'node:tls';
import { connectAsync } from 'mqtt';
import { makeCertificate } from '#test/certificate.ts';
import { skipWithout } from '#test/skip-without.ts';
import { until } from '#test/until.ts';
import { connectRaw, startBroker, startClient } from '#test/wire/mqtt-parts.ts';

const options = {
  timeout: 60_000,
  skip: skipWithout('openssl'),
};

async function makePair(t: TestContext): Promise<{ key: Buffer; cert: Buffer }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fleetbed-tls-'));
  t.after(() => rm(folder, { recursive: true }));
  const { key, cert } = await makeCertificate(folder);
  return { key: await readFile(key), cert: await readFile(cert) };
}

test('carries messages over TLS, ours and MQTT.js’, bounded as over TCP', options, async (t) => {
  const { key, cert } = await makePair(t);
  const under = await startBroker(t, { tls: { key, cert }, settleAtOnce: false, maxHeldPerConnection: 4 });
  const { client, seen } = startClient(t, under.broker.port, { tls: { ca: cert } });
  client.subscribe('s/car', 1);
  await until(() => seen.subscribed.length === 1);
  for (let tag = 1; tag <= 10; tag++) assert.ok(client.publish('t/car', Buffer.alloc(5000, tag), 1, tag));
  await until(() => under.received.length === 4);
  for (let settled = 0; settled < 10; settled++) {
    await until(() => under.received.length > settled);
    assert.ok(under.received.length - settled <= 4);
    under.received[settled]?.settle();
  }
  await until(() => seen.acks.length === 10);
  await under.broker.publish('s/car', Buffer.alloc(50_000, 1), { qos: 1, retain: false });
  await until(() => seen.messages[0]?.payload.length === 50_000);
  const other = await connectAsync({
    host: 'localhost',
    port: under.broker.port,
    protocol: 'mqtts',
    ca: cert,
    clientId: 'other',
    username: 'other',
    password: 'secret',
    reconnectPeriod: 0,
  });
  t.after(() => other.end(true));
  await until(() => under.broker.connections === 2);
});

test(
  'a certificate that the client does not trust, and a client that speaks no TLS, are refused',
  options,
  async (t) => {
    const { key, cert } = await makePair(t);
    const under = await startBroker(t, { tls: { key, cert } });
    const { seen } = startClient(t, under.broker.port, {
      tls: {},
      reconnect: { minMs: 60_000, maxMs: 90_000 },
    });
    await until(() => seen.closes.length === 1);
    assert.deepEqual(seen.closes, ['tls']);
    const plain = await connectRaw(t, under.broker.port);
    plain.socket.write('not TLS at all');
    await until(plain.closed);
    await until(async () => (await under.refused('tls-handshake')) >= 1);
    assert.equal(under.broker.connections, 0);
  },
);

test('a client certificate is asked for where the broker is told to', options, async (t) => {
  const { key, cert } = await makePair(t);
  const serverOptions: tls.TlsOptions = { key, cert, ca: cert, requestCert: true, rejectUnauthorized: true };
  const under = await startBroker(t, { tls: serverOptions });
  const bare = startClient(t, under.broker.port, {
    tls: { ca: cert },
    clientId: 'bare',
    username: 'bare',
    reconnect: { minMs: 60_000, maxMs: 90_000 },
  });
  await until(() => bare.seen.closes.length === 1);
  const { client } = startClient(t, under.broker.port, { tls: { ca: cert, key, cert } });
  await until(() => client.connected && under.connected.length > 0);
  assert.deepEqual(under.connected, ['car']);
});
