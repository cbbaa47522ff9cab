import { spawnSync } from 'node:child_process';
import { read } from './machine-limits.ts';

/** Of sched(7), as /proc says them. */
const policies = { normal: 0, batch: 3 };
/** Of /proc/PID/stat, counted behind the name in brackets, which may hold spaces (proc_pid_stat(5), field 41). */
const policyField = 38;

/**
 * Puts this process, and all that it starts from now on, under Linux' batch policy. Otherwise each part that wakes up pushes
 * aside the one that runs: a dozen busy parts on two cores then do a few messages a turn, with cold caches. Batch parts let
 * one another finish their slice. Their share of the cores stays the same, and whoever else works here does not wait for them.
 *
 * @returns whether it is so now; a policy that the user chose stays
 */
export function adoptBatchPolicy(): boolean {
  const policy = policyOf(process.pid);
  if (policy === policies.batch) return true;
  if (policy !== policies.normal) return false;
  return chrt('--batch', '--all-tasks', '--pid', '0', String(process.pid));
}

/** Could adoptBatchPolicy()? undefined where there are no such policies. */
export function hasBatchPolicy(): boolean | undefined {
  return process.platform === 'linux' ? chrt('--max') : undefined;
}

function policyOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const field = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[policyField];
  return field === undefined ? undefined : Number(field);
}

function chrt(...args: string[]): boolean {
  return spawnSync('chrt', args, { stdio: 'ignore' }).status === 0;
}
