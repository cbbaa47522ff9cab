import { predictionCodec, type Prediction } from '#contract/records.ts';

/** A change of an alarm, as an edge wrote it to fleet.predictions. */
export type AlarmChange = Pick<
  Prediction,
  'vin' | 'at' | 'simTime' | 'alarm' | 'signal' | 'dtc' | 'cause' | 'score' | 'edge' | 'release'
>;

/** More are counted, not kept: a detector that cries all the time must not fill the memory. */
const maxChanges = 200_000;

/** Every change of an alarm of a run. Samples of scores pass by. */
export class AlarmLog {
  readonly #byCar = new Map<string, AlarmChange[]>();
  #kept = 0;
  #omitted = 0;

  /** A record of fleet.predictions; what is none passes by. */
  take(value: Buffer): void {
    if (!predictionCodec.matches(value)) return;
    const { vin, at, simTime, alarm, signal, dtc, cause, score, edge, release } =
      predictionCodec.decode(value);
    if (alarm === 'none') return;
    if (this.#kept >= maxChanges) {
      this.#omitted++;
      return;
    }
    this.#kept++;
    let changes = this.#byCar.get(vin);
    if (!changes) this.#byCar.set(vin, (changes = []));
    changes.push({ vin, at, simTime, alarm, signal, dtc, cause, score, edge, release });
  }

  /** Changes that were not kept. */
  get omitted(): number {
    return this.#omitted;
  }

  /** Of one car, in the order in which its edges wrote them. */
  of(vin: string): readonly AlarmChange[] {
    return this.#byCar.get(vin) ?? [];
  }

  /** Cars that ever had an alarm. */
  cars(): Iterable<string> {
    return this.#byCar.keys();
  }
}

/** Raises of one car that belong together. */
export interface Incident<R = AlarmChange> {
  /** The raise that began it. */
  first: R;
  raises: number;
}

/** Raises within this time of each other, on the car's clock, are one. */
const togetherMs = 10 * 60_000;

/** A car's raises, by its changes in any order, joined to incidents. */
export function incidentsOf(changes: readonly AlarmChange[]): Incident[] {
  return joined(changes.filter(({ alarm }) => alarm === 'raised'));
}

/** Joins raises of one car, in the order of its clock. */
export function joined<R extends { simTime: number }>(raises: readonly R[]): Incident<R>[] {
  const incidents: Incident<R>[] = [];
  let lastSimTime = Number.NEGATIVE_INFINITY;
  for (const raise of raises.toSorted((one, other) => one.simTime - other.simTime)) {
    const open = incidents.at(-1);
    if (open && raise.simTime - lastSimTime <= togetherMs) open.raises++;
    else incidents.push({ first: raise, raises: 1 });
    lastSimTime = raise.simTime;
  }
  return incidents;
}
