import { RecentlyUsed } from '#runtime/recently-used.ts';

/**
 * What was read of each car: of its last sessions the seqs, as ranges, and how far its clock had come. Nearly always the
 * next message has the next seq; after a car has moved to another edge, older ones may follow newer ones.
 */
export interface SeenLimits {
  /** Cars that are remembered; the one that was silent longest is forgotten first. */
  maxCars: number;
  sessionsPerCar: number;
  /** While nothing is missing a session is one range; beyond this its lowest gap counts as seen. */
  rangesPerSession: number;
}

const defaultLimits: SeenLimits = { maxCars: 250_000, sessionsPerCar: 4, rangesPerSession: 32 };

/**
 * - duplicate: was seen before
 * - clock: is new, and its car's clock stood still or went back
 */
export type Judgement = 'new' | 'duplicate' | 'clock';

interface Session {
  id: number;
  /** from, to, from, to, … ascending, both included, never touching each other. */
  ends: number[];
  /** The first and the last reading of the message with the highest seq, ms on the car's clock. */
  firstAt: number;
  lastAt: number;
}

export interface SeenMessage {
  vin: string;
  session: number;
  seq: number;
  /** Its first and its last reading, ms on the car's clock. */
  firstAt: number;
  lastAt: number;
}

export class Seen {
  readonly #limits: SeenLimits;
  /** Of each car the newest session first. */
  readonly #cars = new RecentlyUsed<Session[]>();

  constructor(limits: Partial<SeenLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  get cars(): number {
    return this.#cars.size;
  }

  copy(): Seen {
    const copy = new Seen(this.#limits);
    for (const [vin, sessions] of this.#cars) {
      copy.#cars.add(
        vin,
        sessions.map((session) => ({ ...session, ends: [...session.ends] })),
      );
    }
    return copy;
  }

  judge(message: SeenMessage): Judgement {
    const { vin, session: id, seq, firstAt, lastAt } = message;
    const sessions = this.#cars.use(vin) ?? this.#cars.add(vin, []);
    if (this.#cars.size > this.#limits.maxCars) this.#cars.takeOldest();
    const session = sessions.find((each) => each.id === id);
    if (!session) {
      sessions.unshift({ id, ends: [seq, seq], firstAt, lastAt });
      sessions.length = Math.min(sessions.length, this.#limits.sessionsPerCar);
      return 'new';
    }
    const highest = session.ends.at(-1) ?? 0;
    if (!add(session.ends, seq)) return 'duplicate';
    if (session.ends.length > 2 * this.#limits.rangesPerSession) session.ends.splice(1, 2);
    // An older message that comes late lies before the newest, and tells nothing of where the clock has come to.
    if (seq < highest) return lastAt < session.firstAt ? 'new' : 'clock';
    const moves = firstAt > session.lastAt;
    // Also where it went back: one wrong jump shall not cost all that follows it.
    session.firstAt = firstAt;
    session.lastAt = lastAt;
    return moves ? 'new' : 'clock';
  }
}

/** @returns false when it is in one of the ranges already */
function add(ends: number[], seq: number): boolean {
  // From the end: nearly always it is the next one.
  let at = ends.length;
  while (at > 0 && seq < (ends[at - 2] ?? 0)) at -= 2;
  // Now the range before `at` begins at or before seq, if there is one.
  const left = at > 0 ? (ends[at - 1] ?? 0) : -Infinity;
  if (seq <= left) return false;
  const joinsLeft = seq === left + 1;
  const joinsRight = seq + 1 === ends[at];
  if (joinsLeft && joinsRight) ends.splice(at - 1, 2);
  else if (joinsLeft) ends[at - 1] = seq;
  else if (joinsRight) ends[at] = seq;
  else ends.splice(at, 0, seq, seq);
  return true;
}
