import type { ProcessPlan } from './plan.ts';

/**
 * Without the memory reducer: where little is allocated it looks through the whole heap to give some of it back, and lets the heap grow
 * by a tenth from then on. A process of 100,000 cars that has thousands of messages then does so every three seconds: edges spent 9 % of
 * their CPU in it, with this 2 %. And an old generation is looked through when it reaches 160 MB, not again and again on its way there:
 * what messages lie in counts for it as well, so a bridge did so every second, and while cars connected as fast as the machine
 * can, one edge of eight was kept from its cars for a second.
 */
const partArgs = [
  '--disable-warning=ExperimentalWarning',
  '--no-memory-reducer',
  '--initial-old-space-size=160',
];
/**
 * Of processes that hold thousands of cars. At its usual 16 MB the young generation overflows while they connect, and half of what
 * they leave behind grows old with the process: 80,000 cars took 6.1 GB with this, all parts together, and 7.0 GB without. And
 * nothing is taken to live long because it once did: one edge of many had its messages among its old objects, and looked through all
 * of them every 8 s.
 */
const carHoldersArgs = ['--max-semi-space-size=32', '--no-allocation-site-pretenuring'];

/** How Node and V8 are told to run a part. */
export function nodeArgs(command: ProcessPlan['command']): string[] {
  const holdsCars = command === 'edge' || command === 'simulate';
  return holdsCars ? [...partArgs, ...carHoldersArgs] : partArgs;
}
