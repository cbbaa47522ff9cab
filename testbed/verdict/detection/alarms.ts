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
export interface Incident {
  vin: string;
  /** The raise that began it. */
  first: AlarmChange;
  raises: number;
}

/** Raises within this time of each other, on the car's clock, are one. */
const togetherMs = 10 * 60_000;

/** A car's raises in the order of its clock, joined to incidents. */
export function incidentsOf(changes: readonly AlarmChange[]): Incident[] {
  const raises = changes
    .filter(({ alarm }) => alarm === 'raised')
    .toSorted((one, other) => one.simTime - other.simTime);
  const incidents: (Incident & { lastSimTime: number })[] = [];
  for (const raise of raises) {
    const open = incidents.at(-1);
    if (open && raise.simTime - open.lastSimTime <= togetherMs) {
      open.raises++;
      open.lastSimTime = raise.simTime;
    } else {
      incidents.push({ vin: raise.vin, first: raise, raises: 1, lastSimTime: raise.simTime });
    }
  }
  return incidents;
}
