import os from 'node:os';
import { read } from './machine-limits.ts';
import { processStat } from './process-stat.ts';

/** What one life of a process has used so far. */
export interface Usage {
  rssBytes: number;
  rssPeakBytes: number;
  cpuSeconds: number;
}

/** Linux counts CPU time in hundredths of a second (USER_HZ), on every architecture. */
const ticksPerSecond = 100;
/** Nearly everywhere; where pages are larger, swap counts as less than it is. */
const pageBytes = 4096;

/** undefined where the process is gone or the system has no /proc. */
export function processUsage(pid: number): Usage | undefined {
  const fields = processStat(pid);
  const status = read(`/proc/${pid}/status`);
  if (fields === undefined || status === undefined) return undefined;
  const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return {
    rssBytes: kilobytes('VmRSS') * 1024,
    rssPeakBytes: kilobytes('VmHWM') * 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  };
}

/** Adds up what a named part used over all its lives. */
export class ResourceMeter {
  readonly #lives = new Map<string, Map<number, Usage>>();
  #busyBefore = cpuTimes();
  cpuBusyRatio = 0;
  cpuBusyRatioPeak = 0;
  /** All together, in the last second. */
  rssBytes = 0;
  rssPeakBytes = 0;
  readonly #swappedBefore = swapped();
  readonly #ticksBefore = cpuTicks(read('/proc/stat'));

  /** To and from swap since the meter began, by the whole machine. */
  swappedBytes(): number {
    return swapped() - this.#swappedBefore;
  }

  /** Of all CPU time since the meter began, what the host gave to others while this machine wanted it: 0 to 1. */
  stolenRatio(): number {
    const now = cpuTicks(read('/proc/stat'));
    const total = now.total - this.#ticksBefore.total;
    return total > 0 ? (now.stolen - this.#ticksBefore.stolen) / total : 0;
  }

  /**
   * Once a second: `pids` maps a part's name to its process, undefined while it is down.
   * @returns RSS in bytes of those that are up
   */
  sample(pids: ReadonlyMap<string, number | undefined>): Record<string, number> {
    const rssBytes: Record<string, number> = {};
    for (const [name, pid] of pids) {
      const usage = pid === undefined ? undefined : processUsage(pid);
      if (pid === undefined || !usage) continue;
      rssBytes[name] = usage.rssBytes;
      let lives = this.#lives.get(name);
      if (!lives) this.#lives.set(name, (lives = new Map()));
      lives.set(pid, usage);
    }
    this.rssBytes = Object.values(rssBytes).reduce((sum, bytes) => sum + bytes, 0);
    this.rssPeakBytes = Math.max(this.rssPeakBytes, this.rssBytes);
    const times = cpuTimes();
    const elapsed = times.total - this.#busyBefore.total;
    if (elapsed > 0) this.cpuBusyRatio = (times.busy - this.#busyBefore.busy) / elapsed;
    this.cpuBusyRatioPeak = Math.max(this.cpuBusyRatioPeak, this.cpuBusyRatio);
    this.#busyBefore = times;
    return rssBytes;
  }

  /** Of each part, all its lives together. */
  cpuSeconds(): Record<string, number> {
    return Object.fromEntries(
      [...this.#lives].map(([name, lives]) => [name, sumOf(lives, (usage) => usage.cpuSeconds)]),
    );
  }

  byProcess(): Record<string, { rssPeakBytes: number; cpuSeconds: number }> {
    return Object.fromEntries(
      [...this.#lives].map(([name, lives]) => [
        name,
        {
          rssPeakBytes: Math.max(...[...lives.values()].map((usage) => usage.rssPeakBytes)),
          cpuSeconds: sumOf(lives, (usage) => usage.cpuSeconds),
        },
      ]),
    );
  }
}

function sumOf(lives: ReadonlyMap<number, Usage>, figure: (usage: Usage) => number): number {
  return [...lives.values()].reduce((sum, usage) => sum + figure(usage), 0);
}

/** Since the machine started; 0 where the system does not say. */
function swapped(): number {
  const pages = (read('/proc/vmstat') ?? '').matchAll(/^pswp(?:in|out) (\d+)$/gm);
  return [...pages].reduce((sum, [, count]) => sum + Number(count) * pageBytes, 0);
}

/** @param stat /proc/stat, whose first line has user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)); 0 without it */
export function cpuTicks(stat = ''): { stolen: number; total: number } {
  const [, line = ''] = /^cpu +(.*)$/m.exec(stat) ?? [];
  // What guests of this machine take is in user and nice already.
  const ticks = line.split(' ', 8).map(Number);
  return { stolen: ticks[7] ?? 0, total: ticks.reduce((sum, each) => sum + each, 0) };
}

function cpuTimes(): { busy: number; total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of os.cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { busy, total };
}
