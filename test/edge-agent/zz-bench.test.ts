import { test } from 'node:test';
import { testBridge } from './bridge-stand-in.ts';
import { childEdge } from './child-edge.ts';
import { telemetry, tempFolder, testCar } from './rig.ts';
import { encodeTelemetry } from '#contract/telemetry.ts';
test('bench', async (t) => {
  const bridge = await testBridge(t);
  const edge = await childEdge(t, await tempFolder(t), {
    uplink: { bridges: [`127.0.0.1:${bridge.port}`], password: 'edge password' },
  });
  const cars = [];
  for (let i = 0; i < 200; i++) cars.push(await testCar(t, edge.port, `CAR${10000 + i}`));
  const acked = () => cars.reduce((n, c) => n + c.acked.length, 0);
  const seq = cars.map(() => 0);
  const rate = async (perSecond: number, seconds: number) => {
    const m0 = await edge.metrics();
    const a0 = acked();
    const t0 = performance.now();
    let sent = 0;
    while (performance.now() - t0 < seconds * 1000) {
      const due = Math.min(((performance.now() - t0) / 1000) * perSecond, acked() - a0 + 200 * 16);
      for (; sent < due; sent++) {
        const c = sent % 200;
        cars[c]!.send(encodeTelemetry(telemetry(cars[c]!.vin, 1, ++seq[c]!)), 1);
      }
      await new Promise((r) => setTimeout(r, 2));
    }
    const m1 = await edge.metrics();
    const n = acked() - a0;
    const s = (performance.now() - t0) / 1000;
    const v = (k: string) => m1.value(k) - m0.value(k);
    console.log(
      `${perSecond}/s: acked ${(n / s).toFixed(0)}/s, CPU/1k ${((v('process_cpu_seconds_total') / n) * 1000).toFixed(4)}, frames ${v('fleetbed_uplink_frames_total')}, rss ${(m1.value('process_resident_memory_bytes') / 1e6).toFixed(0)} MB, commit p50 ${m1.histogram('fleetbed_outbox_commit_ms').quantile(0.5).toFixed(1)} p99 ${m1.histogram('fleetbed_outbox_commit_ms').quantile(0.99).toFixed(1)}`,
    );
  };
  await rate(1000, 3);
  await rate(1000, 6);
  await rate(1e6, 6);
});
