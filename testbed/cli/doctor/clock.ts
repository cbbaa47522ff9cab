import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { read } from '../../run/machine-limits.ts';
import { ok, type Finding } from './finding.ts';

/** The kernel's sources of time that take a microsecond or more to ask. */
const slowSources = new Set(['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'pit']);
/** A clock that is kept right by small corrections stays within this while doctor looks. */
const stepMs = 50;
const asks = 100_000;

export interface ClockFacts {
  /** Kernel’s source of time; undefined where it does not say. */
  source: string | undefined;
  /** Of asking what time it is. */
  costNs: number;
  /** How far the wall clock moved beside the monotonic one while doctor looked. */
  movedMs: number;
  /** By NTP or the like; undefined: not known. */
  synchronised: boolean | undefined;
}

/** Begins to watch the wall clock. @returns call it at the end, for what was seen */
export function watchClock(): () => Promise<ClockFacts> {
  const before = Date.now() - performance.now();
  return async () => {
    const movedMs = Math.abs(Date.now() - performance.now() - before);
    const source = read('/sys/devices/system/clocksource/clocksource0/current_clocksource')?.trim();
    return { source, costNs: costOfAsking(), movedMs, synchronised: await isSynchronised() };
  };
}

export function clockFinding(facts: ClockFacts, kafkaGiven: boolean): Finding {
  const subject = 'Clock';
  const { source, costNs, movedMs, synchronised } = facts;
  const sync = { true: 'synchronised', false: 'not synchronised', undefined: 'synchronised or not: unknown' };
  const found = `${source ?? 'system'}, ${Math.round(costNs)} ns a look; ${sync[`${synchronised}`]}`;
  if (movedMs > stepMs) {
    return {
      subject,
      state: 'warns',
      found: `it was set by ${Math.round(movedMs)} ms while doctor looked`,
      consequence: 'latencies into Kafka are wrong by every such step; the schedule is not',
      fix: 'timedatectl set-ntp true, or chronyd: they correct it little by little',
    };
  }
  if (slowSources.has(source ?? '')) {
    return {
      subject,
      state: 'warns',
      found,
      consequence: 'each message asks for the time several times: it costs CPU that cars need',
      fix: 'echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource     (as root)',
    };
  }
  if (kafkaGiven && synchronised === false) {
    return {
      subject,
      state: 'warns',
      found,
      consequence: 'carToKafkaMs is Kafka’s clock less this one: it is wrong by what they differ',
      fix: 'timedatectl set-ntp true     (on Kafka’s machines too)',
    };
  }
  return ok(subject, found);
}

function costOfAsking(): number {
  const startedMs = performance.now();
  for (let n = 0; n < asks; n++) performance.now();
  return ((performance.now() - startedMs) * 1e6) / asks;
}

async function isSynchronised(): Promise<boolean | undefined> {
  try {
    const argv = ['show', '--property=NTPSynchronized', '--value'];
    const { stdout } = await promisify(execFile)('timedatectl', argv, { timeout: 2000 });
    return { yes: true, no: false }[stdout.trim()];
  } catch {
    // No systemd here.
    return undefined;
  }
}
