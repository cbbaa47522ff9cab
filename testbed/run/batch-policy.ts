import { spawnSync } from 'node:child_process';
import { processStat } from './process-stat.ts';

/** Of sched(7), as /proc says them. */
const policies = { normal: 0, batch: 3 };
/** Field 41, the third being the first. */
const policyField = 38;

/**
 * Puts this process, and all that it starts from now on, under Linux' batch policy. Otherwise each part that wakes up pushes
 * aside the one that runs: a dozen busy parts on two cores then do a few messages a turn, with cold caches. Batch parts let
 * one another finish their slice. Their share of the cores stays the same, and whoever else works here does not wait for them.
 *
 * @returns whether it is so now; a policy that the user chose stays
 */
export function adoptBatchPolicy(): boolean {
  const policy = Number(processStat(process.pid)?.[policyField]);
  if (policy === policies.batch) return true;
  if (policy !== policies.normal) return false;
  return chrt('--batch', '--all-tasks', '--pid', '0', String(process.pid));
}

/** Could adoptBatchPolicy()? undefined where there are no such policies. */
export function hasBatchPolicy(): boolean | undefined {
  return process.platform === 'linux' ? chrt('--max') : undefined;
}

function chrt(...args: string[]): boolean {
  return spawnSync('chrt', args, { stdio: 'ignore' }).status === 0;
}
