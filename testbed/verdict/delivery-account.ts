import { ProblemList, type TimedProblem } from './problem-list.ts';
import { lengthOf, splitAfter, type SeqRange } from './seq-ranges.ts';
import type { Session, SessionAccount } from './session.ts';

/** The accounts of all cars as one: numbers, and the first problems of each kind. */
export class DeliveryAccount {
  /** sent = stored + deadLettered + evicted + lost + unconfirmed. Duplicated and reordered ones are not counted here. */
  readonly delivery = {
    sent: 0,
    stored: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    unconfirmed: 0,
    evicted: 0,
    deadLettered: 0,
    dropped: 0,
  };
  readonly #lists = {
    lost: new ProblemList('lost'),
    unconfirmed: new ProblemList('unconfirmed'),
    evicted: new ProblemList('evicted'),
    deadLettered: new ProblemList('deadLettered'),
    presumedDeadLettered: new ProblemList('presumedDeadLettered'),
  };

  /**
   * @param unreadableLetters dead letters of this car that do not say which message they were
   * @param qosWithoutMarks of a session whose marks died with their process
   */
  addCar(sessions: readonly Session[], unreadableLetters: number, qosWithoutMarks: number): void {
    const { delivery } = this;
    for (const [session, account, presumed] of accountsOf(sessions, unreadableLetters, qosWithoutMarks)) {
      delivery.sent += account.sent;
      delivery.stored += account.stored;
      delivery.dropped += session.dropped;
      this.#add('lost', session, account.lost);
      this.#add('unconfirmed', session, inOrder(account.unconfirmed, account.oversize));
      this.#add('evicted', session, account.evicted);
      this.#add('deadLettered', session, account.deadLettered);
      this.#add('presumedDeadLettered', session, presumed);
      if (account.givenUp) {
        const { kind, count, span } = account.givenUp;
        delivery[kind] += count;
        this.#lists[kind].add(session, span);
      }
    }
  }

  /** Worst kind first. @param seen duplicated and reordered ones: found where they happened */
  problems(seen: readonly ProblemList[]): { problems: TimedProblem[]; omitted: number } {
    const { lost, unconfirmed, evicted, presumedDeadLettered, deadLettered } = this.#lists;
    const ordered = [lost, ...seen, unconfirmed, evicted, presumedDeadLettered, deadLettered];
    return {
      problems: ordered.flatMap((list) => list.problems),
      omitted: ordered.reduce((sum, list) => sum + list.omitted, 0),
    };
  }

  #add(
    kind: 'lost' | 'unconfirmed' | 'evicted' | 'deadLettered' | 'presumedDeadLettered',
    session: Session,
    ranges: readonly SeqRange[],
  ): void {
    this.delivery[kind === 'presumedDeadLettered' ? 'deadLettered' : kind] += lengthOf(ranges);
    for (const range of ranges) this.#lists[kind].add(session, range);
  }
}

/** Every session's account, once the car's unreadable dead letters have explained what they can. */
function accountsOf(
  sessions: readonly Session[],
  unreadableLetters: number,
  qosWithoutMarks: number,
): [Session, SessionAccount, presumed: SeqRange[]][] {
  let letters = unreadableLetters;
  const rows = sessions.map((session): [Session, SessionAccount, SeqRange[]] => [
    session,
    session.account(qosWithoutMarks),
    [],
  ]);
  // A refused message is acknowledged: first those that look lost, then those that were never confirmed.
  for (const kind of ['lost', 'unconfirmed'] as const) {
    for (const [, account, presumed] of rows) {
      const [explained, rest] = splitAfter(account[kind], letters);
      presumed.push(...explained);
      account[kind] = rest;
      letters -= lengthOf(explained);
    }
  }
  return rows;
}

function inOrder(some: readonly SeqRange[], others: readonly SeqRange[]): SeqRange[] {
  return [...some, ...others].sort((a, b) => a.from - b.from);
}
