import assert from 'node:assert/strict';
import type { CarMark } from '#contract/ledger-marks.ts';
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
  /** Found nowhere, and made larger than an edge takes on purpose: nobody promised anything for them. */
  oversize: SeqRange[];
  /** Missing for certain, but only their number and their span are known any more: see SeqRanges. */
  givenUp: { count: number; span: SeqRange; kind: 'lost' | 'unconfirmed' } | undefined;
}

/** Few sessions have any of this. */
interface Oddities {
  /** Sent behind a later one on purpose. */
  heldBack: SeqRanges;
  /** Came behind a later one before anybody had said that it was on purpose. */
  outOfOrder: SeqRanges;
  /** Larger than an edge takes, on purpose. */
  oversize: SeqRanges;
}

/** What is known of one session of one car. Events may come in any order. */
export class Session {
  readonly vin: string;
  readonly id: number;
  readonly #stored = new SeqRanges();
  #deadLettered: SeqRanges | undefined;
  #evicted: SeqRanges | undefined;
  #odd: Oddities | undefined;
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
    if (seq > highest || this.isHeldBack(seq)) return 'stored';
    this.#oddities().outOfOrder.addRange({ from: seq, to: seq });
    return 'reordered';
  }

  /**
   * It was sent behind a later one on purpose; said before it is found, or after.
   * @returns whether `store` has called it reordered, which it is not
   */
  holdBack(seq: number): boolean {
    const { heldBack, outOfOrder } = this.#oddities();
    return heldBack.addRange({ from: seq, to: seq }) > 0 && outOfOrder.has(seq);
  }

  isHeldBack(seq: number): boolean {
    return this.#odd?.heldBack.has(seq) ?? false;
  }

  /** It was made larger than an edge takes: no acknowledgement of a later one is one of it. */
  tooLarge(seq: number): void {
    this.#oddities().oversize.addRange({ from: seq, to: seq });
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

  #oddities(): Oddities {
    this.#odd ??= { heldBack: new SeqRanges(), outOfOrder: new SeqRanges(), oversize: new SeqRanges() };
    return this.#odd;
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
        oversize: [],
        givenUp: undefined,
      };
    const places = [this.#stored];
    let missing = missingFrom(sent, this.#stored);
    /** What of the rest is in this place. */
    const foundIn = (place: SeqRanges | undefined): SeqRange[] => {
      if (!place) return [];
      places.push(place);
      const before = missing;
      missing = missingFrom(sent, ...places);
      return subtract(before, missing);
    };
    const deadLettered = foundIn(this.#deadLettered);
    const evicted = foundIn(this.#evicted);
    const oversize = foundIn(this.#odd?.oversize);
    // At QoS 0 what was written to the socket has to arrive; at QoS 1 what was acknowledged.
    const owed = (this.qos ?? qosWithoutMarks) === 0 ? sent : this.#acked;
    const [lost, unconfirmed] = splitAt(missing, owed);
    const { givenUp: span, givenUpCount } = this.#stored;
    const givenUp = span && {
      count: givenUpCount,
      span,
      kind: span.to <= owed ? ('lost' as const) : ('unconfirmed' as const),
    };
    const found = stored + lengthOf(deadLettered) + lengthOf(evicted) + lengthOf(oversize);
    assert.equal(found + lengthOf(missing) + givenUpCount, sent, `${this.vin}: the equation does not hold`);
    return { sent, stored, deadLettered, evicted, lost, unconfirmed, oversize, givenUp };
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
