import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame, entryBytes, type FrameEntry } from '#contract/frame.ts';
import { inWords, UserError } from '#runtime/errors.ts';
import type { Eviction } from '#contract/ledger-records.ts';
import type { Log } from '#runtime/log.ts';
import type { Settle } from '#wire/guarded-broker.ts';
import { Backlog } from './backlog.ts';
import { Committer, type CommitOutcome } from './committer.ts';
import { noticeEntry, type EvictionOptions, type Told } from './evictions.ts';
import { Group } from './group.ts';
import { noRows, type PackedRows } from './packed-rows.ts';
import type { StoredFrame } from './store.ts';
import { StoreError, StoreThread } from './store-thread.ts';

export interface OutboxOptions {
  dataDir: string;
  /** Of frames on disk that the bridge has not acknowledged. At the limit nothing is committed, so nothing is settled. */
  maxBytes: number;
  /** Of entries that wait for their commit. At this limit `hasRoom` says no. */
  maxWaitingBytes: number;
  /** How long the first entry of a frame waits for more. */
  lingerMs: number;
  maxFrameBytes: number;
  maxFrameEntries: number;
  log: Log;
  /** A frame is durable. Called in the order of positions. */
  onDurable(frame: DurableFrame): void;
  onCommitted(tookMs: number): void;
  /** Commits fail and are tried again (why), or succeed again (null). */
  onTrouble(why: string | null): void;
  /** What happens at `maxBytes`; without it, push back. */
  eviction?: EvictionOptions;
  /** The file is damaged: only a new start helps, which repairs it. */
  onDamage(error: UserError): void;
}

export interface DurableFrame {
  position: number;
  epoch: string;
  number: number;
  createdAt: number;
  bytes: Buffer;
}

/** Acknowledged frames leave the file with the next commit; when there is none for this long, by themselves. */
const forgetAfterMs = 500;
/** What was dropped is told at most this often, while others wait for the disk. */
const tellEveryMs = 1000;

/**
 * Group commit into a durable file. What arrives within `lingerMs`, or while the last commit runs, becomes one frame, one
 * row, one transaction, one fsync; only then are its senders told.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #thread: StoreThread;
  readonly #backlog: Backlog;
  readonly #committer: Committer;
  readonly epoch: string;
  /** Filling, the oldest first; only the last one takes more. */
  readonly #groups: Group[] = [];
  #committing: Group | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #forgetTimer: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();
  #flushing = false;
  /** Frames up to this position are out of the file. */
  #forgotten: number;
  #waitingBytes = 0;
  /** Frames were dropped, and no frame says so yet. */
  #untold: boolean;
  #toldAt = 0;
  /** What was acknowledged when it was found that everything left is in flight: nothing changes before there is more. */
  #stuckAt = -1;
  /** Likewise when frames were dropped last: while nobody takes frames, a notice would only be dropped as well. */
  #droppedAt = -1;

  /** @throws UserError in words: no space, no right, another process has it open */
  static async open(options: OutboxOptions): Promise<Outbox> {
    try {
      return new Outbox(options, await StoreThread.open(options.dataDir));
    } catch (error) {
      const words = `the outbox in ${options.dataDir} cannot be opened: ${inWords(error)}`;
      throw new UserError('component', words, { cause: error });
    }
  }

  private constructor(options: OutboxOptions, thread: StoreThread) {
    this.#options = options;
    this.#thread = thread;
    const { contents } = thread;
    for (const note of contents.notes) options.log.warn({ dataDir: options.dataDir }, note);
    this.epoch = contents.epoch;
    this.#backlog = new Backlog(contents, options.maxBytes);
    this.#forgotten = this.#backlog.acknowledged;
    this.#untold = contents.untold;
    this.#committer = new Committer({
      thread,
      backlog: this.#backlog,
      eviction: options.eviction,
      onCommitted: (tookMs) => options.onCommitted(tookMs),
      onTrouble: (why) => options.onTrouble(why),
      closing: this.#closing.signal,
    });
  }

  /** Begins with what was not told in an earlier life. */
  start(): void {
    this.#commitWhenDue();
  }

  /** Windows as the file held them when it was opened; given once. */
  takeWindows(): [vin: string, window: Uint8Array][] {
    return this.#thread.windows.splice(0);
  }

  /** On disk and not acknowledged by the bridge; a notice of dropped frames that is still to be written is one. */
  get frames(): number {
    return this.#backlog.frames + Number(this.#untold);
  }

  /** Of the frames on disk that the bridge has not acknowledged. */
  get bytes(): number {
    return this.#backlog.bytes;
  }

  /** Of entries that are not committed. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The oldest frame that the bridge may not have. */
  get firstPosition(): number {
    return this.#backlog.acknowledged + 1;
  }

  /** Behind the newest frame that is durable. */
  get nextPosition(): number {
    return this.#backlog.nextPosition;
  }

  /** May one more entry wait? If not, its sender is cut off and sends it again later. */
  hasRoom(): boolean {
    return this.#waitingBytes < this.#options.maxWaitingBytes;
  }

  /** Takes an entry and the rows that go with it; `settle` is called once both are durable. */
  append(entry: FrameEntry, rows: PackedRows, settle: Settle): void {
    this.appendTogether([entry], rows, settle);
  }

  /** Takes entries that become durable in one frame, all or none. */
  appendTogether(entries: readonly FrameEntry[], rows: PackedRows, settle: Settle): void {
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    let group = this.#groups.at(-1);
    if (!group || this.#isFull(group) || group.bytes + bytes > this.#options.maxFrameBytes) {
      group = new Group(performance.now());
      this.#groups.push(group);
    }
    group.add(entries, bytes, rows, settle);
    this.#waitingBytes += bytes;
    this.#commitWhenDue();
  }

  /** Calls `settle` once everything that was appended before is durable. */
  afterEarlier(settle: Settle): void {
    const last = this.#groups.at(-1) ?? this.#committing;
    if (last) last.join(settle);
    else settle();
  }

  /** Durable frames from a position on, at least one if there is one. @throws StoreError */
  read(from: number, maxBytes: number): Promise<StoredFrame[]> {
    return this.#thread.read(from, maxBytes);
  }

  /** The bridge has this frame, the next one in order. */
  acknowledge(position: number, bytes: number): void {
    this.#backlog.acknowledge(position, bytes);
    this.#forgetTimer ??= setTimeout(() => this.#forget(), forgetAfterMs).unref();
    this.#commitWhenDue();
  }

  /** Commits what waits without lingering. @returns whether everything became durable in time */
  async flush(timeoutMs: number): Promise<boolean> {
    this.#flushing = true;
    this.#commitWhenDue();
    const durable = new Promise<boolean>((resolve) => this.afterEarlier(() => resolve(true)));
    const late = new AbortController();
    const inTime = await Promise.race([
      durable,
      sleep(timeoutMs, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    this.#flushing = false;
    return inTime;
  }

  /** A fault of the testbed: from now on commits fail as on a disk without space; or there is room again. */
  async setDiskFull(full: boolean): Promise<void> {
    try {
      await this.#thread.setDiskFull(full);
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error;
    }
  }

  /** Leaves a file that is closed in order. What still waits is not settled: its senders send it again. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#lingerTimer);
    clearTimeout(this.#forgetTimer);
    try {
      const { acknowledged } = this.#backlog;
      if (acknowledged > this.#forgotten) await this.#thread.forget(acknowledged);
    } catch (error) {
      // The bridge knows these frames by their numbers: they are only sent once more.
      this.#options.log.warn({ reason: inWords(error) }, 'acknowledged frames stay in the outbox');
    }
    await this.#thread.close();
  }

  #isFull(group: Group): boolean {
    return (
      group.bytes >= this.#options.maxFrameBytes || group.entries.length >= this.#options.maxFrameEntries
    );
  }

  #commitWhenDue(): void {
    if (this.#committing || this.#closing.signal.aborted) return;
    if (this.#mayTell()) return void this.#tell();
    const group = this.#groups[0];
    if (!group || (this.#backlog.isShort(group.bytes) && !this.#mayDrop())) return;
    const lingers = this.#groups.length === 1 && !this.#isFull(group) && !this.#flushing;
    const waitMs = lingers ? group.openedAt + this.#options.lingerMs - performance.now() : 0;
    if (waitMs > 0) {
      this.#lingerTimer ??= setTimeout(() => {
        this.#lingerTimer = undefined;
        this.#commitWhenDue();
      }, Math.ceil(waitMs));
      return;
    }
    this.#groups.shift();
    this.#committing = group;
    void this.#commit(group);
  }

  #mayDrop(): boolean {
    return this.#options.eviction?.whenFull === 'drop-oldest' && this.#stuckAt !== this.#backlog.acknowledged;
  }

  #mayTell(): boolean {
    if (!this.#untold || !this.#options.eviction) return false;
    if (this.#droppedAt === this.#backlog.acknowledged) return false;
    return this.#groups.length === 0 || performance.now() - this.#toldAt >= tellEveryMs;
  }

  /** Makes a frame of its own of what was dropped; when that does not fit yet, after the next acknowledgement. */
  async #tell(): Promise<void> {
    const group = new Group(performance.now());
    this.#committing = group;
    const eviction = await this.#nextEviction();
    if (eviction === 'given-up' || this.#closing.signal.aborted) return;
    if (eviction) {
      const entry = noticeEntry(eviction);
      const bytes = entryBytes(entry);
      if (!this.#backlog.isShort(bytes)) {
        group.add([entry], bytes, noRows, () => {});
        this.#waitingBytes += bytes;
        this.#toldAt = performance.now();
        await this.#commit(group, { epoch: eviction.epoch, ranges: eviction.ranges.length });
        return;
      }
    }
    this.#droppedAt = this.#backlog.acknowledged;
    this.#committing = undefined;
    group.settle();
    this.#commitWhenDue();
  }

  /** null when it cannot be had just now. */
  async #nextEviction(): Promise<Eviction | null | 'given-up'> {
    try {
      return await this.#thread.eviction(this.#options.eviction?.edge ?? '', Date.now());
    } catch (error) {
      if (this.#closing.signal.aborted || (error instanceof StoreError && error.kind !== 'damaged'))
        return null;
      return this.#giveUp(error);
    }
  }

  async #commit(group: Group, told?: Told): Promise<void> {
    const createdAt = Date.now();
    const { epoch } = this;
    const { nextNumber: number, nextPosition: position } = this.#backlog;
    const bytes = encodeFrame({ epoch, number, createdAt, entries: group.entries });
    const frame = { position, epoch, number, createdAt, bytes };
    const outcome = await this.#makeDurable(frame, group, told);
    if (outcome.kind === 'given-up') return;
    this.#committing = undefined;
    if (outcome.kind === 'no-room') {
      this.#stuckAt = outcome.acknowledged;
      this.#groups.unshift(group);
    } else {
      this.#forgotten = Math.max(this.#forgotten, outcome.forgotten);
      this.#untold = outcome.untold;
      if (outcome.dropped) this.#droppedAt = this.#backlog.acknowledged;
      this.#committed(frame, group);
    }
    this.#commitWhenDue();
  }

  /** given-up: the outbox was closed, or its file is damaged. */
  async #makeDurable(
    { position, number, bytes }: DurableFrame,
    group: Group,
    told: Told | undefined,
  ): Promise<CommitOutcome> {
    const frame = { position, number, bytes };
    try {
      return await this.#committer.commit({ frame, rows: group.rows, entryBytes: group.bytes, told });
    } catch (error) {
      return { kind: this.#giveUp(error) };
    }
  }

  #committed(frame: DurableFrame, group: Group): void {
    this.#backlog.added(frame.bytes.length);
    this.#waitingBytes -= group.bytes;
    // First who waits: an uplink that reads fast must not hold up the cars.
    group.settle();
    this.#options.onDurable(frame);
  }

  #giveUp(error: unknown): 'given-up' {
    this.#options.onDamage(
      new UserError('component', `the outbox cannot go on: ${inWords(error)}`, { cause: error }),
    );
    return 'given-up';
  }

  #forget(): void {
    this.#forgetTimer = undefined;
    const { acknowledged } = this.#backlog;
    // The last commit may have taken them along.
    if (acknowledged === this.#forgotten || this.#closing.signal.aborted) return;
    this.#thread.forget(acknowledged).then(
      () => (this.#forgotten = Math.max(this.#forgotten, acknowledged)),
      (error: unknown) => {
        if (error instanceof StoreError && error.kind !== 'damaged') return;
        if (!this.#closing.signal.aborted) this.#giveUp(error);
      },
    );
  }
}
