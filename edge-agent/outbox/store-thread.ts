import { Worker } from 'node:worker_threads';
import type { Eviction } from '#contract/ledger-records.ts';
import type { StoreAnswer, StoreFailure, StoreOpened, StoreRequest, StoreResult } from './protocol.ts';
import type { CommitRequest, Committed, StoreContents, StoredFrame } from './store.ts';

export class StoreError extends Error {
  override name = 'StoreError';
  readonly kind: StoreFailure['kind'];
  constructor(failure: StoreFailure) {
    super(failure.words);
    this.kind = failure.kind;
  }
}

interface Waiting {
  resolve(answer: StoreResult & { tookMs: number }): void;
  reject(error: Error): void;
}

/** This side of the thread that owns the outbox file. */
export class StoreThread {
  readonly contents: StoreContents;
  readonly windows: [vin: string, window: Uint8Array][];
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #gone: Error | undefined;

  /** @throws StoreError */
  static async open(dataDir: string): Promise<StoreThread> {
    const worker = new Worker(new URL('./store-worker.ts', import.meta.url), { workerData: { dataDir } });
    const opening = Promise.withResolvers<StoreOpened>();
    // Set once and never taken off: a worker without a listener for messages is no longer listened to.
    let answer = (message: StoreAnswer | StoreOpened): void => opening.resolve(message as StoreOpened);
    worker.on('message', (message: StoreAnswer | StoreOpened) => answer(message));
    worker.on('error', opening.reject);
    const opened = await opening.promise;
    if (opened.type === 'failed') {
      await worker.terminate();
      throw new StoreError(opened.failure);
    }
    const thread = new StoreThread(worker, opened);
    answer = (message) => thread.#take(message as StoreAnswer);
    return thread;
  }

  private constructor(worker: Worker, opened: StoreOpened & { type: 'opened' }) {
    this.#worker = worker;
    this.contents = opened.contents;
    this.windows = opened.windows;
    worker.on('error', (error) => this.#lose(error as Error));
    worker.on('exit', () => this.#lose(new Error('the outbox thread has ended')));
  }

  /** @returns also how long the disk took, ms @throws StoreError; nothing of it is in the file then */
  async commit(request: CommitRequest): Promise<Committed & { tookMs: number }> {
    // Copies of its own, given away: both are still wanted, the frame for the uplink, and may share their memory.
    const bytes = new Uint8Array(request.frame.bytes);
    const rows = new Uint8Array(request.rows);
    const moved = { ...request, frame: { ...request.frame, bytes }, rows };
    const { tookMs, committed } = await this.#ask({ type: 'commit', ...moved }, [bytes.buffer, rows.buffer]);
    return { dropped: null, untold: false, ...committed, tookMs };
  }

  /** The next part of what was dropped and is not told yet. @throws StoreError */
  async eviction(edge: string, at: number): Promise<Eviction | null> {
    return (await this.#ask({ type: 'eviction', edge, at })).eviction;
  }

  async forget(acknowledged: number): Promise<void> {
    await this.#ask({ type: 'forget', acknowledged });
  }

  async read(from: number, maxBytes: number): Promise<StoredFrame[]> {
    return (await this.#ask({ type: 'read', from, maxBytes })).frames;
  }

  /** As Store.setDiskFull: of every request that is made after this one. */
  async setDiskFull(full: boolean): Promise<void> {
    await this.#ask({ type: 'disk', full });
  }

  /** Empties the write-ahead log into the file and ends the thread. */
  async close(): Promise<void> {
    await this.#ask({ type: 'close' });
    await this.#worker.terminate();
  }

  #ask(request: StoreRequest, transfer: ArrayBuffer[] = []): Promise<StoreResult & { tookMs: number }> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(this.#gone);
      this.#waiting.push({ resolve, reject });
      return this.#worker.postMessage(request, transfer);
    });
  }

  #take(answer: StoreAnswer): void {
    const waiting = this.#waiting.shift();
    if (answer.type === 'done') waiting?.resolve(answer);
    else waiting?.reject(new StoreError(answer.failure));
  }

  #lose(error: Error): void {
    this.#gone ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#gone);
  }
}
