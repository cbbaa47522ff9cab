import type { SeqRange } from './seq-ranges.ts';
import type { Session } from './session.ts';
import type { Problem, ProblemKind } from './summary.ts';

/** More would not be read by anyone; the numbers of the equation count them all. */
export const maxProblems = 1000;

/** The first problems of one kind. Consecutive seqs of a session become one range. */
export class ProblemList {
  readonly #kind: ProblemKind;
  readonly #latest = new Map<Session, Problem>();
  readonly problems: Problem[] = [];
  omitted = 0;

  constructor(kind: ProblemKind) {
    this.#kind = kind;
  }

  add(session: Session, { from, to }: SeqRange): void {
    const latest = this.#latest.get(session);
    if (latest && latest.toSeq === from - 1) {
      latest.toSeq = to;
      return;
    }
    if (this.problems.length === maxProblems) {
      this.omitted++;
      return;
    }
    const { vin, id, edge } = session;
    const problem = { kind: this.#kind, vin, session: id, fromSeq: from, toSeq: to, edge };
    this.problems.push(problem);
    this.#latest.set(session, problem);
  }
}
