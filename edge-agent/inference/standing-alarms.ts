import type { SignalName } from '#contract/signals.ts';
import type { TelemetryHead } from '#contract/telemetry.ts';
import type { BatchScores, Transition } from '#model/detector.ts';
import { stepSeconds } from '#model/step.ts';

/**
 * How long the new model must have judged a car before its silence clears what stands from the old one: on the car's clock,
 * readings that were scored. Longer than a scorer needs to know a car, and than an alarm needs to rise again.
 */
export const rejudgedAfterSeconds = 600;

interface Alarm {
  raised: Transition;
  /** Raised under a release that no longer runs; the one that runs has not said the same yet. */
  inherited: boolean;
}

interface Car {
  alarms: Map<SignalName, Alarm>;
  /** For how long readings since the swap speak, on the car's clock. */
  judgedSeconds: number;
}

/**
 * Alarms that stand, by car. A swap begins every car anew in the scorer but not in the world: an alarm of the old release
 * stands until the new one clears it, or has watched the car for `rejudgedAfterSeconds` without raising it. Raised again
 * meanwhile it is the same alarm, and no news.
 */
export class StandingAlarms {
  readonly #cars = new Map<number, Car>();

  /** Cars with an alarm that stands. */
  get cars(): number {
    return this.#cars.size;
  }

  /** What of a batch's transitions is news, in the order of readings; then what the new release let fall. */
  news(slot: number, batch: TelemetryHead, { transitions, scores }: BatchScores): readonly Transition[] {
    const known = this.#cars.get(slot);
    if (!known && transitions.length === 0) return transitions;
    const car = known ?? { alarms: new Map<SignalName, Alarm>(), judgedSeconds: 0 };
    const news = transitions.filter((transition) => isNews(car.alarms, transition));
    const readings = scores.length;
    car.judgedSeconds += readings * stepSeconds(batch.intervalMs);
    if (car.judgedSeconds >= rejudgedAfterSeconds) {
      const last = { reading: readings - 1, score: scores[readings - 1] ?? 0 };
      news.push(...dropInherited(car.alarms, last));
    }
    if (car.alarms.size > 0) this.#cars.set(slot, car);
    else this.#cars.delete(slot);
    return news;
  }

  /** Another release runs from here on. */
  inherit(): void {
    for (const car of this.#cars.values()) {
      car.judgedSeconds = 0;
      for (const alarm of car.alarms.values()) alarm.inherited = true;
    }
  }

  forget(slot: number): void {
    this.#cars.delete(slot);
  }
}

/** Takes the transition in. @returns whether anything changed for who hears of it */
function isNews(alarms: Map<SignalName, Alarm>, transition: Transition): boolean {
  const { signal } = transition;
  if (transition.alarm === 'cleared') return alarms.delete(signal);
  const standing = alarms.get(signal);
  alarms.set(signal, { raised: standing?.raised ?? transition, inherited: false });
  return !standing;
}

function dropInherited(
  alarms: Map<SignalName, Alarm>,
  last: { reading: number; score: number },
): Transition[] {
  const dropped: Transition[] = [];
  for (const [signal, { raised, inherited }] of alarms) {
    if (!inherited) continue;
    alarms.delete(signal);
    dropped.push({ ...raised, ...last, alarm: 'cleared' });
  }
  return dropped;
}
