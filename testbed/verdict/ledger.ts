import { hash } from 'node:crypto';
import type { Origin } from '#contract/origin.ts';
import type { LedgerMarks } from '#contract/ledger-marks.ts';
import { spoilKinds, type Eviction, type SpoilKind, type Spoiled } from '#contract/ledger-records.ts';
import type { DeadLetter } from '#contract/records.ts';
import { decodeTelemetryIdentity, TelemetryError } from '#contract/telemetry.ts';
import { LogHistogram } from '#runtime/histogram.ts';
import { contentOf } from './dead-letter-identity.ts';
import { DeliveryAccount } from './delivery-account.ts';
import { drove, type DrivenCar } from './detection/driven.ts';
import { OutOfOrder } from './out-of-order.ts';
import { PredictionAccount, type PredictionTotals } from './prediction-account.ts';
import { maxProblems, ProblemList, sinceStart } from './problem-list.ts';
import { SeqRanges } from './seq-ranges.ts';
import { Session } from './session.ts';
import type { Problem, Summary } from './summary.ts';
import { UnreadableBytes, type CarBytes, type MessageOf } from './unreadable-bytes.ts';

export interface LedgerResult {
  /** Messages; `late` is the generator's own matter. */
  delivery: Omit<Summary['delivery'], 'late'>;
  deadLetters: Summary['deadLetters'];
  /** Messages that were spoiled on purpose, by kind. */
  spoiled: Summary['spoiled'];
  /** Ranges of seq, worst kind first; at most maxProblems. */
  problems: Problem[];
  problemsOmitted: number;
  /** Records of fleet.telemetry that are no telemetry: nobody but the bridge should write there. */
  unreadable: number;
  predictions: PredictionTotals;
  /** Distinct records of fleet.truth. */
  truthsStored: number;
  carToKafkaMs: LogHistogram;
  backfillMs: LogHistogram;
}

/** What the ledger made of a record: its first sighting says how long it took. */
export interface Sighting {
  kind: 'stored' | 'reordered' | 'duplicated';
  /** Append time - when it was due. */
  latencyMs: number;
  /** Its edge had stored it: backfill, not live. */
  backfill: boolean;
}

/** What is known of one car. */
interface Car extends CarBytes {
  sessions: Session[];
  /** undefined until one of its messages was found. */
  driven: DrivenCar | undefined;
}

/**
 * Accounts for every message of a run, car by car: what was sent (marks of the simulators), what was found (records and
 * dead letters in Kafka; what full outboxes dropped), and so what is missing. docs/design.md, "What numbers mean". Marks, records and dead letters
 * may come in any order among each other; records of one partition come in their order.
 */
export class Ledger {
  readonly #run: string;
  readonly #cars = new Map<string, Car>();
  readonly #duplicated = new ProblemList('duplicated');
  readonly #outOfOrder = new OutOfOrder();
  readonly #bytes = new UnreadableBytes();
  readonly #spoiled = new Map<SpoilKind, number>();
  readonly #carToKafkaMs = new LogHistogram();
  readonly #backfillMs = new LogHistogram();
  readonly #letters = { total: 0, unidentified: 0, byReason: new Map<string, number>() };
  readonly #qosSeen = new Set<number>();
  readonly #predictions = new PredictionAccount();
  readonly #truths = new SeqRanges();
  #unreadable = 0;
  #duplicates = 0;
  #sent = 0;
  #stored = 0;

  constructor(options: { run: string }) {
    this.#run = options.run;
  }

  /** Messages known to be sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Distinct messages found in Kafka so far. */
  get stored(): number {
    return this.#stored;
  }

  /** Cumulative marks of one shard. */
  mark(marks: LedgerMarks): void {
    this.#qosSeen.add(marks.qos);
    for (const mark of marks.marks) {
      const session = this.#session(mark.vin, mark.session);
      const before = session.sent;
      session.mark(mark, marks.qos, marks.at);
      this.#sent += session.sent - before;
    }
  }

  /**
   * A record of fleet.telemetry, in the order of its partition.
   * @returns undefined where it is not this run's, or no telemetry
   */
  record(record: { value: Buffer; origin: Origin; appendedAt: number }): Sighting | undefined {
    const { value, origin, appendedAt } = record;
    if (origin.run !== this.#run) return undefined;
    const message = readIdentity(value);
    if (message === undefined || message.seq < 1) {
      this.#unreadable++;
      return undefined;
    }
    const { vin, seq } = message;
    const car = this.#car(vin);
    const session = sessionOf(car, vin, message.session);
    const before = session.sent;
    const kind = session.store(seq, origin.edge, message.scheduledAt);
    this.#sent += session.sent - before;
    const latencyMs = Math.max(0, appendedAt - message.scheduledAt);
    if (kind === 'duplicated') {
      this.#duplicates++;
      this.#duplicated.add(session, { from: seq, to: seq }, appendedAt);
    } else {
      this.#stored++;
      car.driven = drove(car.driven, origin.edge, message.scheduledAt);
      (origin.stored ? this.#backfillMs : this.#carToKafkaMs).record(latencyMs);
      if (kind === 'reordered') this.#outOfOrder.seen(session, seq, appendedAt);
    }
    return { kind, latencyMs, backfill: origin.stored };
  }

  /**
   * A record of fleet.deadletter. Where its bytes do not say which message they were, it explains one missing message
   * of the car that sent it; the same bytes again explain no other.
   */
  deadLetter(letter: DeadLetter, origin: Origin): void {
    if (origin.run !== this.#run) return;
    this.#letters.total++;
    this.#letters.byReason.set(letter.reason, (this.#letters.byReason.get(letter.reason) ?? 0) + 1);
    const content = contentOf(letter);
    if (content.kind !== 'messages') this.#letters.unidentified++;
    if (content.kind === 'messages') {
      for (const { vin, session, seq } of content.messages)
        this.#refused({ session: this.#session(vin, session), seq }, letter.at, origin.edge);
    } else if (content.kind === 'car') {
      const message = this.#bytes.letter(this.#car(content.vin), hash('sha1', letter.bytes, 'base64'));
      if (message) this.#refused(message, letter.at, origin.edge);
    }
  }

  /** Messages that a shard has spoiled on purpose. What was sent, its marks say. */
  spoil({ at, messages }: Spoiled): void {
    for (const { vin, session: id, seq, kind, hash: digest } of messages) {
      this.#spoiled.set(kind, (this.#spoiled.get(kind) ?? 0) + 1);
      const session = this.#session(vin, id);
      if (kind === 'oversize') session.tooLarge(seq);
      else if (kind === 'reorder') {
        if (session.holdBack(seq)) this.#outOfOrder.excuse();
      } else if (this.#bytes.spoil(this.#car(vin), digest, { session, seq }))
        this.#refused({ session, seq }, at, null);
    }
  }

  /** A record of fleet.ledger in which an edge says what its full outbox dropped. */
  evict({ at, predictions, ranges }: Eviction, origin: Origin): void {
    if (origin.run !== this.#run) return;
    this.#predictions.evict(origin.edge, predictions);
    for (const { vin, session: id, fromSeq, toSeq } of ranges) {
      if (fromSeq < 1 || toSeq < fromSeq) continue;
      const session = this.#session(vin, id);
      const before = session.sent;
      session.evict({ from: fromSeq, to: toSeq }, at);
      session.edge ??= origin.edge;
      this.#sent += session.sent - before;
    }
  }

  /** A record of fleet.predictions; what is none passes by. */
  prediction(value: Buffer, origin: Origin): void {
    if (origin.run === this.#run) this.#predictions.take(value, origin.edge);
  }

  /** A record of fleet.truth: the testbed numbers what it writes there. */
  truth(origin: Origin): void {
    if (origin.run === this.#run) this.#truths.add(origin.number);
  }

  /** When and where each car drove whose messages were found. */
  driven(): Map<string, DrivenCar> {
    const cars = new Map<string, DrivenCar>();
    for (const [vin, { driven }] of this.#cars) if (driven) cars.set(vin, driven);
    return cars;
  }

  /**
   * The account so far; the caller has read Kafka to its end. May be called again.
   * @param startedAt the schedule's zero, ms since 1970; without it problems have no time
   */
  result(startedAt?: number): LedgerResult {
    const qosWithoutMarks = this.#qosSeen.size === 1 && this.#qosSeen.has(0) ? 0 : 1;
    const account = new DeliveryAccount();
    for (const { sessions, letters } of this.#cars.values())
      account.addCar(sessions, letters?.size ?? 0, qosWithoutMarks);
    const { problems, omitted } = account.problems([this.#duplicated, this.#outOfOrder.problems()]);
    const { total, unidentified, byReason } = this.#letters;
    return {
      delivery: { ...account.delivery, duplicated: this.#duplicates, reordered: this.#outOfOrder.count },
      deadLetters: { total, unidentified, byReason: Object.fromEntries(byReason) },
      spoiled: Object.fromEntries(spoilKinds.flatMap((kind) => this.#countOf(kind))),
      problems: problems.slice(0, maxProblems).map((problem) => sinceStart(problem, startedAt)),
      problemsOmitted: omitted + Math.max(0, problems.length - maxProblems),
      unreadable: this.#unreadable,
      predictions: this.#predictions.totals(),
      truthsStored: this.#truths.count,
      carToKafkaMs: this.#carToKafkaMs,
      backfillMs: this.#backfillMs,
    };
  }

  #countOf(kind: SpoilKind): [SpoilKind, number][] {
    const number = this.#spoiled.get(kind);
    return number === undefined ? [] : [[kind, number]];
  }

  #refused({ session, seq }: MessageOf, at: number, edge: string | null): void {
    const before = session.sent;
    session.deadLetter(seq, at);
    session.edge ??= edge;
    this.#sent += session.sent - before;
  }

  #session(vin: string, id: number): Session {
    return sessionOf(this.#car(vin), vin, id);
  }

  #car(vin: string): Car {
    let car = this.#cars.get(vin);
    if (!car) {
      car = { sessions: [], driven: undefined, spoiled: undefined, letters: undefined };
      this.#cars.set(vin, car);
    }
    return car;
  }
}

function sessionOf(car: Car, vin: string, id: number): Session {
  const last = car.sessions.at(-1);
  if (last?.id === id) return last;
  const known = car.sessions.find((session) => session.id === id);
  if (known) return known;
  const session = new Session(vin, id);
  // Most cars have one: a list that is pushed to would keep room for 17.
  car.sessions = car.sessions.concat(session);
  return session;
}

function readIdentity(bytes: Buffer): ReturnType<typeof decodeTelemetryIdentity> | undefined {
  try {
    return decodeTelemetryIdentity(bytes);
  } catch (error) {
    if (error instanceof TelemetryError) return undefined;
    throw error;
  }
}
