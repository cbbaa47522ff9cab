import { setTimeout as delay } from 'node:timers/promises';
import { runKey, transactionalId } from '#contract/identity.ts';
import type { Log } from '#runtime/log.ts';
import { kafkaInWords, type Kafka } from '#wire/kafka.ts';
import { gatherBatch, type Batch, type BatchOptions } from './batch.ts';
import type { BridgeMetrics } from './bridge-metrics.ts';
import type { CommittedFrames } from './committed-frames.ts';
import { FencedProducer, isFenced } from './fenced-producer.ts';
import type { FramePositions } from './frame-positions.ts';
import type { Outages } from './outages.ts';

/** What every writer of a bridge shares. */
export interface WriterContext {
  kafka: Kafka;
  run: string;
  transactionalIdPrefix: string;
  topicPrefix: string;
  /** Times in ms. */
  transaction: { maxBytes: number; maxFrames: number; interval: number; timeout: number };
  positions: FramePositions;
  outages: Outages;
  metrics: BridgeMetrics;
  log: Log;
}

/**
 * - fencing: takes the edge's transactional id over, then asks Kafka which frames are committed
 * - taking: waits for frames
 * - committing: the first waiting frames are in a transaction; they stay first in the queue until it is committed
 * - closed: the connection is gone, or another bridge has the edge. What was not settled, the edge sends again.
 */
export type WriterState = 'fencing' | 'taking' | 'committing' | 'closed';

interface WaitingFrame {
  bytes: Buffer;
  settle: (error?: Error) => void;
}

/** So many frames are a backlog, which does not wait for the next transaction's time. */
const backlogFrames = 8;
const backOff = { minMs: 100, maxMs: 2_000 };

/**
 * Writes the frames of one connection of one edge to Kafka, each exactly once. Its queue is bounded by the broker, which
 * stops reading from the connection while too much is unsettled.
 */
export class FrameWriter {
  readonly edge: string;
  readonly #context: WriterContext;
  readonly #log: Log;
  readonly #batchOptions: BatchOptions;
  readonly #onFenced: () => void;
  readonly #closing = new AbortController();
  readonly #finished: Promise<void>;
  #waiting: WaitingFrame[] = [];
  #waitingBytes = 0;
  #state: WriterState = 'fencing';
  #draining = false;
  /** It may not fence again. */
  #isFinishing = false;
  #wake: () => void = () => {};
  /** performance.now() of the last transaction's beginning. */
  #beganAt = -Infinity;

  /** `onFenced`: another bridge has taken the edge over; its connection here is to be closed. */
  constructor(edge: string, context: WriterContext, onFenced: () => void) {
    this.edge = edge;
    this.#context = context;
    this.#log = context.log.child({ edge });
    this.#onFenced = onFenced;
    this.#batchOptions = {
      sender: { run: context.run, edge },
      limits: context.transaction,
      topicPrefix: context.topicPrefix,
    };
    this.#finished = this.#live();
  }

  get state(): WriterState {
    return this.#state;
  }

  /** Bytes of frames that are not settled. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes a frame; `settle` is called after it is committed, in the order of the frames, or never. */
  offer(bytes: Buffer, settle: WaitingFrame['settle']): void {
    if (this.#state === 'closed' || this.#draining) return;
    this.#waiting.push({ bytes, settle });
    this.#waitingBytes += bytes.length;
    this.#wake();
  }

  /** The connection is gone: forgets what waits. A transaction under way ends by itself. */
  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#closing.abort();
    this.#wake();
  }

  /** Takes nothing more, commits and settles what waits, closes. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#wake();
    await this.#finished;
  }

  /**
   * Takes nothing more, and commits and settles what waits if it still can: it does not fence again, for somebody else may
   * have the edge by now. Then it closes.
   */
  finish(): void {
    this.#isFinishing = true;
    if (this.#state === 'fencing') this.close();
    else void this.drain();
  }

  async #live(): Promise<void> {
    let failures = 0;
    while (!this.#isOver() && !this.#isFinishing) {
      let producer: FencedProducer | undefined;
      try {
        this.#enter('fencing');
        producer = await this.#fence();
        let committed = await this.#context.positions.committed(runKey(this.#context.run, this.edge));
        // With frames waiting, only their commit shows that the trouble is over.
        if (this.#waiting.length === 0) this.#context.outages.over(this);
        while (await this.#take()) {
          this.#enter('committing');
          committed = await this.#commit(producer, committed);
          this.#context.outages.over(this);
          failures = 0;
        }
      } catch (error) {
        if (isFenced(error)) this.#giveUp(error);
        else await this.#pause(error, failures++);
      } finally {
        producer?.discard();
      }
    }
    this.close();
    this.#context.outages.over(this);
  }

  /** After this nobody else commits for the edge, until another bridge does the same. */
  async #fence(): Promise<FencedProducer> {
    const { kafka, run, transactionalIdPrefix, transaction, metrics } = this.#context;
    const id = transactionalId(transactionalIdPrefix, run, this.edge);
    const producer = await FencedProducer.open(kafka, id, transaction.timeout);
    metrics.fences.inc();
    return producer;
  }

  /**
   * Waits for frames, and then until the interval since the last transaction is over: most of what a transaction costs
   * here and in Kafka is the same for one frame as for many. @returns false when there will be no frames
   */
  async #take(): Promise<boolean> {
    this.#enter('taking');
    while (this.#waiting.length === 0 && !this.#isOver()) await this.#woken();
    for (let waitMs = this.#pauseMs(); waitMs > 0; waitMs = this.#pauseMs()) await this.#woken(waitMs);
    this.#beganAt = performance.now();
    return this.#waiting.length > 0;
  }

  /** How long the frames that wait may wait for more. */
  #pauseMs(): number {
    const { interval, maxBytes } = this.#context.transaction;
    const isBacklog = this.#waiting.length >= backlogFrames || this.#waitingBytes >= maxBytes;
    if (isBacklog || this.#draining || this.#state === 'closed') return 0;
    return this.#beganAt + interval - performance.now();
  }

  async #woken(afterMs?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (afterMs !== undefined) timer = setTimeout(resolve, Math.ceil(afterMs));
    });
    clearTimeout(timer);
  }

  async #commit(producer: FencedProducer, committed: CommittedFrames): Promise<CommittedFrames> {
    const batch = gatherBatch(frameBytes(this.#waiting), committed, this.#batchOptions);
    if (batch.requests.length > 0) {
      const startedAt = performance.now();
      await producer.commit(batch.requests);
      this.#context.metrics.commitMs.record(performance.now() - startedAt);
    }
    // Closed meanwhile: nobody is there to be told.
    if (this.#state === 'committing') this.#settle(batch);
    this.#account(batch);
    return batch.committed;
  }

  #settle(batch: Batch): void {
    for (const frame of this.#waiting.splice(0, batch.frames)) {
      this.#waitingBytes -= frame.bytes.length;
      frame.settle();
    }
  }

  #account(batch: Batch): void {
    const { metrics } = this.#context;
    metrics.frames.inc(batch.written);
    metrics.framesSkipped.inc(batch.duplicates);
    metrics.records.inc(batch.records);
    for (const gap of batch.gaps) {
      metrics.frameGaps.inc();
      this.#log.warn(
        { frame: gap },
        'frames are missing before this one: their edge or its broker has dropped them',
      );
    }
    for (const { reason } of batch.refused) metrics.deadLetters.inc({ reason });
    // One line a transaction: a frame may hold thousands of bad entries.
    const [first] = batch.refused;
    if (first) this.#log.warn({ ...first, refused: batch.refused.length }, 'kept in fleet.deadletter');
  }

  /** The edge has moved to another bridge, or Kafka gave a transaction up: its next connection decides, not this one. */
  #giveUp(error: unknown): void {
    if (this.#state === 'closed') return;
    this.#context.metrics.fenced.inc();
    this.#log.warn(
      { reason: kafkaInWords(error), frames: this.#waiting.length },
      'fenced: gives up this connection',
    );
    this.close();
    this.#onFenced();
  }

  async #pause(error: unknown, failures: number): Promise<void> {
    if (this.#state === 'closed') return;
    const waitMs = Math.min(backOff.maxMs, backOff.minMs * 2 ** failures) * (0.5 + Math.random() / 2);
    const reason = kafkaInWords(error);
    this.#log.warn(
      { reason, state: this.#state, frames: this.#waiting.length, waitMs: Math.round(waitMs) },
      'Kafka does not take frames: holds them',
    );
    this.#context.outages.failed(this, reason);
    try {
      await delay(waitMs, undefined, { signal: this.#closing.signal });
    } catch {
      // Closed meanwhile: nothing is left to wait for.
    }
  }

  #enter(state: WriterState): void {
    if (this.#state !== 'closed') this.#state = state;
  }

  #isOver(): boolean {
    return this.#state === 'closed' || (this.#draining && this.#waiting.length === 0);
  }
}

function* frameBytes(frames: readonly WaitingFrame[]): Generator<Buffer> {
  for (const frame of frames) yield frame.bytes;
}
