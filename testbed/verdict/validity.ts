import { bytes } from './figures.ts';

/**
 * Can the run be believed? A generator that starves measures itself and not the platform: docs/design.md, "What numbers
 * mean". A busy machine is worth a warning, not a verdict.
 */
export interface GeneratorSecond {
  /** Seconds since the schedule's zero. */
  t: number;
  /** Messages of this second. */
  sent: number;
  /** Of those that were due, sent more than a second late because the schedule itself ran late. */
  lateByGenerator: number;
  /** p99 of each simulator's event-loop delay during the last seconds, ms. */
  eventLoopDelayP99Ms: ReadonlyMap<string, number>;
  /** Of the whole machine. */
  cpuBusyRatio: number;
}

export interface Validity {
  valid: boolean;
  invalidReasons: string[];
  warnings: string[];
}

export const maxLateRatio = 0.001;
export const maxEventLoopDelayMs = 1000;

/** The event-loop delay looks back as long as this, and a killed simulator takes less to be itself again. */
const afterSeconds = 10;
const busyCpuRatio = 0.95;
/** A training or a start takes all that is free for some seconds, and is meant to. */
const busySecondsRatio = 0.1;
/** What others had swapped out comes back now and then. */
const calmSwapBytes = 16 * 1024 * 1024;
/** A host that is not short of cores takes a thousandth. */
const calmStolenRatio = 0.01;

/** Collects what the verdict on the generator needs, second by second, in bounded memory. */
export class GeneratorWatch {
  #sent = 0;
  #late = 0;
  #seconds = 0;
  #secondsInAll = 0;
  #busySeconds = 0;
  readonly #slow = new Map<string, { seconds: number; worstMs: number }>();

  /** @param faults of the timeline that hit a simulator; `to` is infinite while one lasts */
  second(sample: GeneratorSecond, faults: readonly { from: number; to: number }[]): void {
    this.#secondsInAll++;
    if (sample.cpuBusyRatio > busyCpuRatio) this.#busySeconds++;
    if (faults.some(({ from, to }) => sample.t >= from && sample.t <= to + afterSeconds)) return;
    this.#seconds++;
    this.#sent += sample.sent;
    this.#late += sample.lateByGenerator;
    for (const [name, delayMs] of sample.eventLoopDelayP99Ms) {
      // Before that, it still sees how the fleet connected.
      if (delayMs <= maxEventLoopDelayMs || sample.t < afterSeconds) continue;
      const slow = this.#slow.get(name) ?? { seconds: 0, worstMs: 0 };
      slow.seconds++;
      slow.worstMs = Math.max(slow.worstMs, delayMs);
      this.#slow.set(name, slow);
    }
  }

  verdict(machine: {
    /** Written to and read from swap while the run lasted, by the whole machine. */
    swappedBytes?: number;
    /** Of the machine's CPU time, what its host gave to others meanwhile: 0 to 1. */
    stolenRatio?: number;
    /** Simulators that never said that their schedule is over. */
    unfinished?: readonly string[];
  }): Validity {
    const invalidReasons = (machine.unfinished ?? []).map(
      (name) => `${name} did not come to the end of its schedule: what was due there is counted nowhere`,
    );
    const ratio = this.#late / Math.max(1, this.#sent);
    if (ratio > maxLateRatio) {
      invalidReasons.push(
        `the schedule ran late: ${percent(ratio)} of the messages left more than 1 s after they were due (allowed: ${percent(maxLateRatio)})`,
      );
    }
    for (const [name, { seconds, worstMs }] of this.#slow) {
      invalidReasons.push(
        `${name} was starved: in ${seconds} of ${this.#seconds} s its event loop was held up by more than 1 s (p99, worst ${Math.round(worstMs)} ms)`,
      );
    }
    const warnings: string[] = [];
    if (this.#busySeconds > this.#secondsInAll * busySecondsRatio) {
      warnings.push(
        `the machine was busy: CPU above ${percent(busyCpuRatio)} in ${this.#busySeconds} of ${this.#secondsInAll} s, latencies include that`,
      );
    }
    const { swappedBytes = 0, stolenRatio = 0 } = machine;
    if (stolenRatio > calmStolenRatio) {
      warnings.push(
        `the host of this virtual machine gave ${percent(stolenRatio)} of its CPU time to others (steal): its cores are slower than they look, latencies include that`,
      );
    }
    if (swappedBytes > calmSwapBytes) {
      warnings.push(
        `the machine swapped ${bytes(swappedBytes)} in and out: it has too little memory, latencies include that`,
      );
    }
    return { valid: invalidReasons.length === 0, invalidReasons, warnings };
  }
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.01 ? 2 : 0)} %`;
}
