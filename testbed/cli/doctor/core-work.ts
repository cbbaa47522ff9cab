import { parentPort, workerData } from 'node:worker_threads';
import { password } from '#contract/identity.ts';

/** A worker thread: how long one car's password takes while other cores do the same, µs, at the median. */
const warmUpMs = 300;
const atOnce = 100;
const { forMs } = workerData as { forMs: number };

const tookUs: number[] = [];
const startMs = performance.now();
for (let fromMs = startMs; fromMs < startMs + warmUpMs + forMs;) {
  for (let car = 0; car < atOnce; car++) password('secret', `car-${car}`);
  const untilMs = performance.now();
  if (fromMs >= startMs + warmUpMs) tookUs.push(((untilMs - fromMs) * 1000) / atOnce);
  fromMs = untilMs;
}
tookUs.sort((a, b) => a - b);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort, not a window
parentPort?.postMessage(tookUs[tookUs.length >> 1] ?? Number.NaN);
