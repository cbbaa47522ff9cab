import { readFileSync } from 'node:fs';
import os from 'node:os';
import { maxCarsPerProcess, maxConnectionsPerDestination, type Limits } from '../sizing.ts';

/** Descriptors of a process that are no cars'. */
const ownDescriptors = 300;
/** Of the local ports, how many are found quickly: the kernel looks through one half first, and that must not be full. */
export const quickPortsRatio = 0.46;

/** What this machine allows, as far as its system says so; the usual values elsewhere. */
export function machineLimits(): Limits {
  const ports = localPortRange();
  const count = ports ? Math.floor((ports.high - ports.low + 1) * quickPortsRatio) : Number.POSITIVE_INFINITY;
  const { hard } = descriptorLimits();
  return {
    cores: usableCores(),
    carsPerProcess: Math.max(1, Math.min(maxCarsPerProcess, hard - ownDescriptors)),
    connectionsPerDestination: Math.max(1, Math.min(maxConnectionsPerDestination, count)),
  };
}

/** Cores, or what a container may have of them. */
export function usableCores(cpuMax = read('/sys/fs/cgroup/cpu.max')): number {
  const [quota, period] = (cpuMax ?? '').trim().split(/\s+/).map(Number);
  const cores = os.availableParallelism();
  return quota && period ? Math.min(cores, quota / period) : cores;
}

/** Of this process and those that it starts. Node raises the soft limit to the hard one, so that one counts. */
export function descriptorLimits(limits = read('/proc/self/limits')): { soft: number; hard: number } {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits ?? '') ?? [];
  return { soft: limitOf(soft), hard: limitOf(hard) };
}

/** From which the kernel takes the local port of an outgoing connection; undefined where it does not say. */
export function localPortRange(): { low: number; high: number } | undefined {
  const [low, high] = (read('/proc/sys/net/ipv4/ip_local_port_range') ?? '').trim().split(/\s+/).map(Number);
  return low && high ? { low, high } : undefined;
}

/** A file of the system; undefined where there is none. */
export function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function limitOf(text: string | undefined): number {
  const limit = Number(text);
  return text === undefined || Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}
