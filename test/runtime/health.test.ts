import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test, { type TestContext } from 'node:test';
import { Health } from '#runtime/health.ts';
import { createLog } from '#runtime/log.ts';
import { Metrics, parseMetrics } from '#runtime/metrics.ts';

function newHealth(t: TestContext, port = 0): { health: Health; metrics: Metrics } {
  const metrics = new Metrics({ component: 'edge', name: 'edge-1' });
  const log = createLog({ component: 'edge', level: 'silent' });
  const health = new Health({ host: '127.0.0.1', port, metrics, log });
  t.after(async () => {
    metrics.close();
    await health.stop();
  });
  return { health, metrics };
}

async function get(port: number, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { status: response.status, body: await response.text() };
}

test(
  'it is alive from the start, and ready when it is said so, with the reason why not',
  { timeout: 60_000 },
  async (t) => {
    const { health } = newHealth(t);
    const port = await health.start();
    assert.deepEqual(await get(port, '/healthz'), { status: 200, body: 'ok\n' });
    assert.deepEqual(await get(port, '/readyz'), { status: 503, body: 'starting\n' });
    health.setReady(true);
    assert.deepEqual(await get(port, '/readyz'), { status: 200, body: 'ready\n' });
    health.setReady(false, 'Kafka does not answer');
    assert.deepEqual(await get(port, '/readyz'), { status: 503, body: 'Kafka does not answer\n' });
  },
);

test('metrics are served as Prometheus wants them', { timeout: 60_000 }, async (t) => {
  const { health, metrics } = newHealth(t);
  metrics.counter('messages_total', 'M.').inc(3);
  const port = await health.start();
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.equal(parseMetrics(await response.text()).value('messages_total'), 3);
});

test('other paths and methods are refused', { timeout: 60_000 }, async (t) => {
  const { health } = newHealth(t);
  const port = await health.start();
  assert.equal((await get(port, '/')).status, 404);
  assert.equal((await get(port, '/metrics', 'POST')).status, 405);
});

test('a gauge that fails answers 500 and the endpoint stays up', { timeout: 60_000 }, async (t) => {
  const { health, metrics } = newHealth(t);
  metrics.gauge('broken', 'B.', () => {
    throw new Error('broken gauge');
  });
  const port = await health.start();
  assert.equal((await get(port, '/metrics')).status, 500);
  assert.equal((await get(port, '/healthz')).status, 200);
});

test('a port in use is said in words', { timeout: 60_000 }, async (t) => {
  const first = newHealth(t);
  const port = await first.health.start();
  const second = newHealth(t, port);
  await assert.rejects(second.health.start(), {
    name: 'UserError',
    exitCode: 106,
    message: `health endpoint: 127.0.0.1:${port} is already in use by another program`,
  });
});

test('it stops while a client is in the middle of its request', { timeout: 60_000 }, async (t) => {
  const { health } = newHealth(t);
  const port = await health.start();
  const client = connect(port, '127.0.0.1');
  t.after(() => client.destroy());
  client.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
  await once(client, 'connect');
  // Another request, answered later, says that the half one has arrived.
  await get(port, '/healthz');
  // The server resets the client's connection.
  client.on('error', () => {});
  await health.stop();
  await assert.rejects(get(port, '/healthz'));
});
