import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { edgeMaySubscribe, edgeTopics, releaseTopics } from '#contract/mqtt-topics.ts';
import { chunkBytes, chunksOf, encodeDesired } from '#contract/release.ts';
import { Metrics } from '#runtime/metrics.ts';
import { until } from '#test/until.ts';
import { GuardedBroker } from '#wire/guarded-broker.ts';
import { MqttClient } from '#wire/mqtt-client.ts';
import { tempFolder } from '../rig.ts';
import { edge, Retained, runnable, testModels } from './rig.ts';
import { log } from '../uplink/uplink-parts.ts';

const mebibyte = 1024 * 1024;
const retained = { qos: 1, retain: true } as const;

/** A link that is cut whenever the next of these numbers of bytes has come down, and is there again at once. */
async function cuttingLink(
  t: TestContext,
  port: number,
  cutsAt: number[],
): Promise<{ port: number; bytes: () => number; cuts: () => number }> {
  let bytes = 0;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = net.createServer((near) => {
    const far = net.connect({ host: '127.0.0.1', port });
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', cut);
    }
    near.pipe(far);
    far.on('data', (data: Buffer) => {
      bytes += data.length;
      near.write(data);
      if (bytes < (cutsAt[cuts] ?? Infinity)) return;
      cuts++;
      cut();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, bytes: () => bytes, cuts: () => cuts };
}

test(
  '20 MB over a link that is cut three times: each cut sends at most one chunk again',
  { timeout: 60_000 },
  async (t) => {
    const dataDir = await tempFolder(t);
    const small = runnable(1).artefact.length;
    const perUnit = (runnable(1, {}, 1003).artefact.length - small) / 1000;
    const release = runnable(1, {}, Math.ceil((20.5 * mebibyte) / perUnit));
    const chunks = chunksOf(release.artefact);
    assert.ok(release.artefact.length >= 20 * mebibyte);

    /** Chunks that were asked for; each is sent once for it. */
    const asked: number[] = [];
    const incoming = path.join(dataDir, 'models', `incoming-${release.id}`);
    const metrics = new Metrics({ component: 'bridge', name: 'bridge' });
    const broker = await GuardedBroker.listen({
      host: '127.0.0.1',
      port: 0,
      maxPacketBytes: mebibyte,
      maxHeldPerConnection: 100,
      maxHeldBytesPerConnection: mebibyte,
      maxConnections: 10,
      connectTimeoutMs: 5000,
      guard: {
        authenticate: ({ username }) => username ?? 'nobody',
        mayPublish: () => false,
        maySubscribe: (name, filter) => {
          const n = /chunk\/(\d+)$/.exec(filter)?.[1];
          if (n !== undefined) {
            asked.push(Number(n));
            const isKept = n === '0' || existsSync(path.join(incoming, `chunk-${Number(n) - 1}`));
            assert.ok(isKept, `chunk ${n} is asked for before the one ahead of it is on disk`);
          }
          return edgeMaySubscribe(name, filter);
        },
        onPublish: (_message, settle) => settle(),
      },
      log,
      metrics,
      metricPrefix: 'test_bridge',
    });
    t.after(async () => {
      await broker.close();
      metrics.close();
    });
    for (const [n, chunk] of chunks.entries())
      await broker.publish(releaseTopics.chunk(release.id, n), chunk, retained);
    await broker.publish(releaseTopics.manifest(release.id), release.signed, retained);
    await broker.publish(edgeTopics.desired(edge), encodeDesired({ release: release.id }), retained);

    const link = await cuttingLink(t, broker.port, [3.1 * mebibyte, 9.9 * mebibyte, 17 * mebibyte]);
    const client = new MqttClient<number>(
      {
        host: '127.0.0.1',
        port: link.port,
        clientId: `run/${edge}`,
        username: edge,
        keepAliveSeconds: 30,
        inFlightLimit: 1,
        reconnect: { minMs: 1, maxMs: 10 },
        connectTimeoutMs: 5000,
      },
      { onMessage: (_client, topic, payload) => models.message(topic, payload) },
    );
    t.after(() => client.destroy());
    const { models } = await testModels(t, dataDir, new Retained(), {
      link: {
        subscribe: (filter) => client.subscribe(filter, 1),
        unsubscribe: (filter) => client.unsubscribe(filter),
      },
    });
    client.connect();
    await until(() => models.running === release.id);

    assert.equal(link.cuts(), 3);
    assert.deepEqual(
      asked.toSorted((one, two) => one - two).filter((n, index, all) => n !== all[index - 1]),
      chunks.map((_chunk, n) => n),
    );
    const again = asked.length - chunks.length;
    assert.ok(again <= 3, `${again} chunks were sent again`);
    assert.deepEqual(
      asked.filter((n, index) => n !== asked[index - 1]),
      chunks.map((_chunk, n) => n),
      'none comes again but the one that was cut off',
    );
    // The rest is the manifest, again at each reconnect as what is desired, and headers.
    assert.ok(
      link.bytes() < release.artefact.length + 3 * chunkBytes + 4 * mebibyte,
      `${link.bytes()} bytes`,
    );
  },
);
