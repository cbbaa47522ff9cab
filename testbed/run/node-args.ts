import type { ProcessPlan } from './plan.ts';

/**
 * Without the memory reducer: where little is allocated it looks through the whole heap to give some of it back, and lets the heap grow
 * by a tenth from then on. A process of 100,000 cars that has thousands of messages then does so every three seconds: edges spent 9 % of
 * their CPU in it, with this 2 %. And an old generation is looked through when it reaches 160 MB, not again and again on its way there:
 * what messages lie in counts for it as well, so a bridge did so every second, and while cars connected as fast as the machine
 * can, one edge of eight was kept from its cars for a second.
 */
const partArgs = ['--disable-warning=ExperimentalWarning', '--no-memory-reducer'];
const oldSpaceMb = 160;

/**
 * Of processes that hold thousands of cars. At its usual 16 MB the young generation overflows while they connect, and half of what
 * they leave behind grows old with the process: 80,000 cars took 6.1 GB with this, all parts together, and 7.0 GB without. And
 * nothing is taken to live long because it once did: one edge of many had its messages among its old objects, and looked through all
 * of them every 8 s.
 */
const carHoldersArgs = [
  '--max-semi-space-size=32',
  '--no-allocation-site-pretenuring',
  '--heap-growing-percent=150',
];
/**
 * Theirs fill up alike. With 160 MB for all, 100,000 cars at QoS 1 stalled for 20 s near the end of the ramp: V8 had looked through their heaps,
 * and did so again whenever one had grown by about a tenth, a second of its event loop each time on full cores; what waited meanwhile
 * grew old and was the next garbage. So each looks early, at a size of its own, while there is time, and then not before its heap
 * is two and a half times as large. With 80 % of growth three of six did so once more in the last two minutes, late messages each time.
 */
const firstLook = { mostMb: 140, stepMb: 6, steps: 6 };

/** How Node and V8 are told to run a part. @param place among those of its kind */
export function nodeArgs(command: ProcessPlan['command'], place = 0): string[] {
  if (command !== 'edge' && command !== 'simulate')
    return [...partArgs, `--initial-old-space-size=${oldSpaceMb}`];
  const firstMb = firstLook.mostMb - firstLook.stepMb * (place % firstLook.steps);
  return [...partArgs, `--initial-old-space-size=${firstMb}`, ...carHoldersArgs];
}
