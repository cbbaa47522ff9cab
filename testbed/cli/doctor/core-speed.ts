import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What a password took where the sizing's costs were measured (docs/performance.md), both cores busy with it, µs. */
const usualUs = 3;
const forMs = 1500;
/** More tell nothing new. */
const mostThreads = 8;

/**
 * How many times as long as where the sizing's costs were measured this machine's cores take for the same, all busy at once: cores
 * that are threads of one, or shared with other machines, are slower then than one alone says. Takes two seconds.
 */
export async function measureSlowness(cores: number): Promise<number> {
  const threads = Math.max(1, Math.min(mostThreads, Math.floor(cores)));
  const tookUs = await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(new URL('core-work.ts', import.meta.url), { workerData: { forMs } });
      const [us] = (await once(worker, 'message')) as [number];
      return us;
    }),
  );
  return tookUs.reduce((sum, us) => sum + us, 0) / threads / usualUs;
}
