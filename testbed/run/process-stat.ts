import { read } from './machine-limits.ts';

/**
 * What Linux says of a process in one line (proc_pid_stat(5)), from its third field on: the second is its name, which may hold
 * blanks and brackets. undefined where the process is gone or the system has no /proc.
 */
export function processStat(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}
