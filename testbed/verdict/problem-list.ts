import type { SeqRange } from './seq-ranges.ts';
import type { Session } from './session.ts';
import type { Problem, ProblemKind } from './summary.ts';

/** A problem that does not know yet where the schedule's zero lies. */
export type TimedProblem = Omit<Problem, 'during' | 'at' | 'lastAt'> & {
  /** When the first and the last of its messages were due (or seen), ms since 1970. */
  firstMs: number | null;
  lastMs: number | null;
};

/** @param startedAt the schedule's zero, ms since 1970; without it nothing has a time */
export function sinceStart(problem: TimedProblem, startedAt: number | undefined): Problem {
  const { firstMs, lastMs, ...which } = problem;
  const secondsAt = (ms: number | null): number | null =>
    ms === null || startedAt === undefined ? null : Math.round((ms - startedAt) / 100) / 10;
  return { ...which, at: secondsAt(firstMs), lastAt: secondsAt(lastMs), during: [] };
}

/** More would not be read by anyone; the numbers of the equation count them all. */
export const maxProblems = 1000;

/** The first problems of one kind. Consecutive seqs of a session become one range. */
export class ProblemList {
  readonly #kind: ProblemKind;
  readonly #latest = new Map<Session, TimedProblem>();
  readonly problems: TimedProblem[] = [];
  omitted = 0;

  constructor(kind: ProblemKind) {
    this.#kind = kind;
  }

  /** @param seenMs when it was seen, ms since 1970; else when its messages were due */
  add(session: Session, { from, to }: SeqRange, seenMs?: number): void {
    const latest = this.#latest.get(session);
    if (latest && latest.toSeq === from - 1) {
      latest.toSeq = to;
      latest.lastMs = seenMs ?? session.dueAt(to);
      return;
    }
    if (this.problems.length === maxProblems) {
      this.omitted++;
      return;
    }
    const { vin, id, edge } = session;
    const problem = {
      kind: this.#kind,
      vin,
      session: id,
      fromSeq: from,
      toSeq: to,
      edge,
      firstMs: seenMs ?? session.dueAt(from),
      lastMs: seenMs ?? session.dueAt(to),
    };
    this.problems.push(problem);
    this.#latest.set(session, problem);
  }
}
