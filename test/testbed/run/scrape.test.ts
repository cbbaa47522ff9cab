import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '#runtime/log.ts';
import { Health } from '#runtime/health.ts';
import { Metrics } from '#runtime/metrics.ts';
import { Scraper } from '#testbed/run/scrape.ts';

const log = createLog({ component: 'test', level: 'silent' });

/** One life of a process that shows metrics. */
async function life(
  port: number,
  count: number,
  latencyMs: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const metrics = new Metrics({ component: 'edge', name: 'edge-1' });
  metrics.counter('fleetbed_edge_messages_total', 'messages').inc(count);
  metrics.gauge('fleetbed_outbox_frames', 'frames').set(count);
  metrics.gauge('fleetbed_consumer_lag_records_max', 'lag', ['consumer']).set({ consumer: 'history' }, count);
  metrics.gauge('fleetbed_consumer_lag_records_max', 'lag', ['consumer']).set({ consumer: 'edges' }, 100);
  metrics.histogram('fleetbed_car_to_edge_ms', 'latency').record(latencyMs);
  const health = new Health({ host: '127.0.0.1', port, metrics, log });
  return { port: await health.start(), stop: () => health.stop() };
}

test('what a killed process had counted stays counted; its gauges do not', async () => {
  let lives = 1;
  let up = true;
  const first = await life(0, 3, 10);
  const target = { name: 'edge-1', healthPort: first.port, life: () => lives, isUp: () => up };
  const scraper = new Scraper([target]);
  await scraper.scrape();
  assert.equal(scraper.counter('fleetbed_edge_messages_total'), 3);
  assert.equal(scraper.gauge('fleetbed_outbox_frames'), 3);

  await first.stop();
  await scraper.scrape();
  assert.equal(
    scraper.counter('fleetbed_edge_messages_total'),
    3,
    'a process that does not answer was forgotten',
  );
  up = false;
  assert.equal(scraper.gauge('fleetbed_outbox_frames'), 0);

  up = true;
  lives = 2;
  const second = await life(first.port, 5, 40);
  await scraper.scrape();
  assert.equal(scraper.counter('fleetbed_edge_messages_total'), 8);
  assert.equal(scraper.gauge('fleetbed_outbox_frames'), 5);
  assert.equal(scraper.histogram('fleetbed_car_to_edge_ms').count, 2);
  assert.equal(scraper.histogram('fleetbed_car_to_edge_ms').max, 40);
  await second.stop();

  lives = 3;
  const third = await life(first.port, 2, 40);
  await scraper.scrape();
  const history = { consumer: 'history' };
  assert.equal(scraper.gaugePeak('fleetbed_consumer_lag_records_max', history), 5);
  await third.stop();
});
