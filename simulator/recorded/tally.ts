/** What a row may suffer without being lost; docs/replay.md has the rules. */
export const repairs = [
  'missing-cells',
  'extra-cells',
  'bad-number',
  'implausible',
  'same-time',
  'no-car',
] as const;
export type Repair = (typeof repairs)[number];

/** Why a row is not used. */
export const rejections = [
  'header',
  'units',
  'no-time',
  'time-goes-back',
  'too-many-cells',
  'cut-off',
  'open-quote',
  'too-long',
] as const;
export type Rejection = (typeof rejections)[number];

/** A row that was repaired or rejected. */
export interface Finding {
  file: string;
  line: number;
  reason: Repair | Rejection;
  words: string;
}

/** Of each reason so many rows are named; the others are counted. */
const namedOfEach = 5;

/** What became of every row: accepted + repaired + rejected = rows. A row with several faults counts as its first. */
export class Tally {
  rows = 0;
  accepted = 0;
  /** How often the car changed within a drive, to one that had not ended its own: rows of several cars, mixed. */
  turns = 0;
  readonly byReason = new Map<Repair | Rejection, number>();
  /** The first of each reason, in the order in which they were met. */
  readonly named: Finding[] = [];

  accept(): void {
    this.rows++;
    this.accepted++;
  }

  /** @param words what was expected, and found */
  find(file: string, line: number, reason: Repair | Rejection, words: string): void {
    this.rows++;
    const before = this.byReason.get(reason) ?? 0;
    this.byReason.set(reason, before + 1);
    if (before < namedOfEach) this.named.push({ file, line, reason, words });
  }

  get repaired(): number {
    return this.#sum(repairs);
  }

  get rejected(): number {
    return this.#sum(rejections);
  }

  #sum(reasons: readonly (Repair | Rejection)[]): number {
    return reasons.reduce((sum, reason) => sum + (this.byReason.get(reason) ?? 0), 0);
  }
}
