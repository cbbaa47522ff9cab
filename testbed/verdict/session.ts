import assert from 'node:assert/strict';
import type { CarMark } from '#contract/ledger-records.ts';
import { DueTimes } from './due-times.ts';
import { lengthOf, missingFrom, SeqRanges, splitAt, type SeqRange } from './seq-ranges.ts';

/** Where the messages of one session of one car are. `sent` is the sum of all others. */
export interface SessionAccount {
  sent: number;
  stored: number;
  deadLettered: SeqRange[];
  /** Dropped by a full outbox, which said so. */
  evicted: SeqRange[];
  lost: SeqRange[];
  unconfirmed: SeqRange[];
  /** Missing for certain, but only their number and their span are known any more: see SeqRanges. */
  givenUp: { count: number; span: SeqRange; kind: 'lost' | 'unconfirmed' } | undefined;
}

/** What is known of one session of one car. Events may come in any order. */
export class Session {
  readonly vin: string;
  readonly id: number;
  readonly #stored = new SeqRanges();
  #deadLettered: SeqRanges | undefined;
  #evicted: SeqRanges | undefined;
  #due = new DueTimes();
  /** undefined until a mark came. */
  qos: number | undefined;
  #acked = 0;
  dropped = 0;
  /** Known to be sent: a mark said so, or it was found. */
  sent = 0;
  /** The edge that carried it last. */
  edge: string | null = null;

  constructor(vin: string, id: number) {
    this.vin = vin;
    this.id = id;
  }

  get stored(): number {
    return this.#stored.count;
  }

  /**
   * Marks are cumulative: an older one that comes late changes nothing.
   * @param at when it was made, ms since 1970
   */
  mark(mark: CarMark, qos: number, at: number): void {
    this.qos = qos;
    this.#acked = Math.max(this.#acked, mark.acked);
    this.dropped = Math.max(this.dropped, mark.dropped);
    this.sent = Math.max(this.sent, mark.sent, mark.acked);
    this.#hint(mark.sent, at);
  }

  /**
   * It was found in Kafka.
   * @param due ms since 1970
   */
  store(seq: number, edge: string, due: number): 'stored' | 'reordered' | 'duplicated' {
    const highest = this.#stored.max;
    // From the first one on, the messages themselves say when they were due.
    if (highest === 0) this.#due = new DueTimes();
    this.edge = edge;
    this.sent = Math.max(this.sent, seq);
    if (!this.#stored.add(seq)) return 'duplicated';
    this.#due.seen(seq, due);
    return seq < highest ? 'reordered' : 'stored';
  }

  /**
   * It was found among the dead letters.
   * @param at when it was refused, ms since 1970
   */
  deadLetter(seq: number, at: number): void {
    this.#deadLettered ??= new SeqRanges();
    this.#deadLettered.addRange({ from: seq, to: seq });
    this.sent = Math.max(this.sent, seq);
    this.#hint(seq, at);
  }

  /**
   * An outbox was full and dropped them.
   * @param at ms since 1970
   */
  evict(range: SeqRange, at: number): void {
    this.#evicted ??= new SeqRanges();
    this.#evicted.addRange(range);
    this.sent = Math.max(this.sent, range.to);
    this.#hint(range.to, at);
  }

  /** When a message was due, ms since 1970, from its neighbours that are known; null where none is. */
  dueAt(seq: number): number | null {
    return this.#due.at(seq);
  }

  /** While no message was found, what is said of them tells at least about when they were sent. */
  #hint(seq: number, at: number): void {
    if (this.#stored.count === 0 && seq > 0) this.#due.seen(seq, at);
  }

  /** @param qos of a session whose marks died with their process */
  account(qosWithoutMarks: number): SessionAccount {
    const { sent, stored } = this;
    if (stored === sent)
      return {
        sent,
        stored,
        deadLettered: [],
        evicted: [],
        lost: [],
        unconfirmed: [],
        givenUp: undefined,
      };
    const dead = this.#deadLettered ?? new SeqRanges();
    const notStored = missingFrom(sent, this.#stored);
    const neitherStoredNorDead = missingFrom(sent, this.#stored, dead);
    const missing = this.#evicted
      ? missingFrom(sent, this.#stored, dead, this.#evicted)
      : neitherStoredNorDead;
    const deadLettered = subtract(notStored, neitherStoredNorDead);
    const evicted = subtract(neitherStoredNorDead, missing);
    // At QoS 0 what was written to the socket has to arrive; at QoS 1 what was acknowledged.
    const owed = (this.qos ?? qosWithoutMarks) === 0 ? sent : this.#acked;
    const [lost, unconfirmed] = splitAt(missing, owed);
    const { givenUp: span, givenUpCount } = this.#stored;
    const givenUp = span && {
      count: givenUpCount,
      span,
      kind: span.to <= owed ? ('lost' as const) : ('unconfirmed' as const),
    };
    const found = stored + lengthOf(deadLettered) + lengthOf(evicted);
    assert.equal(found + lengthOf(missing) + givenUpCount, sent, `${this.vin}: the equation does not hold`);
    return { sent, stored, deadLettered, evicted, lost, unconfirmed, givenUp };
  }
}

/** Ranges without the seqs of `taken`, which all lie in them. */
function subtract(ranges: readonly SeqRange[], taken: readonly SeqRange[]): SeqRange[] {
  const rest: SeqRange[] = [];
  let index = 0;
  for (const { from, to } of ranges) {
    let next = from;
    for (let hole = taken[index]; hole && hole.to <= to; hole = taken[++index]) {
      if (hole.from > next) rest.push({ from: next, to: hole.from - 1 });
      next = hole.to + 1;
    }
    if (next <= to) rest.push({ from: next, to });
  }
  return rest;
}
