import assert from 'node:assert/strict';
import { messageIntervalMs, type Fleet } from '../fleet.ts';
import { presencesOf, stagesMs, type Presence } from './stages.ts';
import { dueMsOf, messagesIn, phaseMs, simTimeOf } from './timetable.ts';
import { TimingWheel } from './timing-wheel.ts';

export interface ScheduleEvents {
  /** A message is due. Times are ms from the schedule's zero. */
  due(slot: number, dueMs: number, simTime: number): void;
  /** A message was due before this schedule began: the car lives through it, nobody sends it. */
  skip(slot: number, simTime: number): void;
  /** The car joins in `connectAheadMs` or sooner: its connection may be there by then. */
  nears(slot: number): void;
  join(slot: number): void;
  leave(slot: number): void;
}

/** The first cars are connected before the schedule begins; one that joins later has so long, so that its first message need not wait. */
export const connectAheadMs = 2000;

interface Change {
  atMs: number;
  slot: number;
  /** Which of the car's presences begins or ends. */
  presence: number;
  joins: boolean;
}

/**
 * The open schedule of a shard's cars: who is there, and whose message is due. It never waits for anybody: a message is
 * due when it is due, whatever became of the one before. Letting time pass costs O(due messages, joins and leaves).
 */
export class Schedule {
  readonly #fleet: Fleet;
  readonly #indices: readonly number[];
  readonly #events: ScheduleEvents;
  readonly #wheel: TimingWheel;
  readonly #endMs: number;
  readonly #changes: Change[] = [];
  #nextChange = 0;
  /** The first change that is further away than `connectAheadMs`. */
  #nextNear = 0;
  /** Each car's next message: #next of #messages of presence #presence, the first of which is due at #firstMs. */
  readonly #presence: Int32Array;
  readonly #next: Int32Array;
  readonly #messages: Int32Array;
  readonly #firstMs: Float64Array;
  /** Cars that must catch up before they take part, of a schedule that began before this process. */
  readonly #behind: number[] = [];
  readonly #isBehind: Uint8Array;

  constructor(fleet: Fleet, indices: readonly number[], events: ScheduleEvents) {
    this.#fleet = fleet;
    this.#indices = indices;
    this.#events = events;
    this.#wheel = new TimingWheel(indices.length, messageIntervalMs(fleet));
    this.#endMs = stagesMs(fleet.stages);
    this.#presence = new Int32Array(indices.length);
    this.#next = new Int32Array(indices.length);
    this.#messages = new Int32Array(indices.length);
    this.#firstMs = new Float64Array(indices.length);
    this.#isBehind = new Uint8Array(indices.length);
  }

  /** Cars that are there at the schedule's zero. */
  firstCars(): number[] {
    return [...this.#indices.keys()].filter((slot) => this.#presences(slot)[0]?.fromMs === 0);
  }

  /** Takes part from `nowMs` on; later than 0 when this process joins a schedule that runs: some first cars have left then. */
  begin(nowMs: number): void {
    const beginMs = Math.max(0, nowMs);
    this.#wheel.begin(beginMs);
    for (const slot of this.#indices.keys()) {
      const presences = this.#presences(slot);
      const isThere = presences.some(({ fromMs, toMs }) => fromMs <= beginMs && toMs > beginMs);
      if (!isThere && presences[0]?.fromMs === 0) this.#events.leave(slot);
      for (const [presence, { fromMs, toMs }] of presences.entries()) {
        // It leaves when the wheel has fired its last message.
        const leaveMs = toMs + this.#wheel.tickMs;
        if (fromMs > beginMs) this.#changes.push({ atMs: fromMs, slot, presence, joins: true });
        if (toMs > beginMs && toMs < this.#endMs)
          this.#changes.push({ atMs: leaveMs, slot, presence, joins: false });
        if (fromMs <= beginMs && toMs > beginMs) this.#events.join(slot);
        if (presence > 0 || fromMs > beginMs) continue;
        this.#enter(slot, 0);
        if (beginMs === 0) this.#wait(slot);
        else {
          this.#behind.push(slot);
          this.#isBehind[slot] = 1;
        }
      }
    }
    this.#changes.sort((a, b) => a.atMs - b.atMs || a.slot - b.slot);
  }

  /** Lets time pass. @returns false when `limit` messages came first: call again */
  run(nowMs: number, limit: number): boolean {
    this.#tellWhoNears(nowMs);
    let left = limit;
    const fire = (slot: number, dueMs: number): void => {
      left--;
      this.#fire(slot, dueMs);
    };
    for (;;) {
      const change = this.#changes[this.#nextChange];
      const untilMs = change && change.atMs <= nowMs ? change.atMs : nowMs;
      if (!this.#wheel.advance(untilMs, left, fire)) return false;
      if (!change || change.atMs > nowMs) break;
      this.#nextChange++;
      this.#change(change);
    }
    this.#catchUp(nowMs, left);
    return this.#behind.length === 0;
  }

  /** The last stage is over and its last message was due. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#endMs && this.#wheel.waiting === 0;
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#wheel.clear();
    this.#behind.length = 0;
    this.#nextChange = this.#nextNear = this.#changes.length;
  }

  #tellWhoNears(nowMs: number): void {
    for (;;) {
      const change = this.#changes[this.#nextNear];
      if (!change || change.atMs - connectAheadMs > nowMs) return;
      this.#nextNear++;
      if (change.joins) this.#events.nears(change.slot);
    }
  }

  #fire(slot: number, dueMs: number): void {
    const simTime = simTimeOf(this.#fleet, this.#firstMs[slot]!, this.#next[slot]!);
    this.#next[slot]!++;
    this.#wait(slot);
    this.#events.due(slot, dueMs, simTime);
  }

  #change({ slot, presence, joins }: Change): void {
    if (!joins) {
      // A car that has come again within the tick stays.
      if (this.#presence[slot] === presence) this.#events.leave(slot);
      return;
    }
    this.#events.join(slot);
    if (this.#isBehind[slot]) return;
    this.#enter(slot, presence);
    this.#wait(slot);
  }

  /** Cars live through what was due before now, one after the other; one that has no such message left takes part. */
  #catchUp(nowMs: number, limit: number): void {
    for (let left = limit; left > 0; left--) {
      const slot = this.#behind.at(-1);
      if (slot === undefined) return;
      const next = this.#next[slot]!;
      if (next >= this.#messages[slot]!) this.#toNextPresence(slot, nowMs);
      else if (dueMsOf(this.#fleet, this.#firstMs[slot]!, next) < nowMs) {
        this.#next[slot]!++;
        this.#events.skip(slot, simTimeOf(this.#fleet, this.#firstMs[slot]!, next));
      } else {
        this.#noLongerBehind(slot);
        this.#wait(slot);
      }
    }
  }

  #toNextPresence(slot: number, nowMs: number): void {
    const presence = this.#presence[slot]! + 1;
    const next = this.#presences(slot)[presence];
    if (next && next.fromMs <= nowMs) this.#enter(slot, presence);
    else this.#noLongerBehind(slot);
  }

  #noLongerBehind(slot: number): void {
    this.#behind.pop();
    this.#isBehind[slot] = 0;
  }

  #enter(slot: number, number: number): void {
    const presence = this.#presences(slot)[number];
    assert(presence, `car ${this.#indices[slot]} has no presence ${number}`);
    const phase = phaseMs(this.#fleet, this.#indices[slot]!);
    this.#presence[slot] = number;
    this.#next[slot] = 0;
    this.#messages[slot] = messagesIn(presence, phase, messageIntervalMs(this.#fleet));
    this.#firstMs[slot] = presence.fromMs + phase;
  }

  /** Puts the car's next message on the wheel, if its presence has one more. */
  #wait(slot: number): void {
    const next = this.#next[slot]!;
    if (next < this.#messages[slot]!) this.#wheel.add(slot, dueMsOf(this.#fleet, this.#firstMs[slot]!, next));
  }

  #presences(slot: number): Presence[] {
    return presencesOf(this.#fleet.stages, this.#indices[slot]!);
  }
}
