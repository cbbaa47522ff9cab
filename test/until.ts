import { setTimeout as sleep } from 'node:timers/promises';

/** Below the 60 s of most tests, so that it is told what did not come, and what the test started ends with it. */
const patienceMs = 50_000;

/** Resolves when it `holds`. Rejects with `what` was waited for, or the condition's text, when that takes too long. */
export async function until(holds: () => boolean | Promise<boolean>, what = holds.toString()): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for: ${what}`);
    await sleep(5);
  }
}
