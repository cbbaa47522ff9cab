import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Block } from './block.ts';
import type { FromWorker, ToWorker, WorkerTask } from './messages.ts';
import { segmentsOf, type GeneratePlan } from './plan.ts';
import type { TruthRow } from './truth-row.ts';

/** Bytes that may wait to be written, over all workers: what bounds memory, beside a block or row group a worker. */
const aheadBytes = 256 * 1024 * 1024;

/** What comes out, in the order of cars. */
export type Generated = { type: 'block'; block: Block } | { type: 'truths'; truths: TruthRow[] };

interface Waiting {
  worker: number;
  message: FromWorker;
}

/**
 * The worker threads that live the fleet, and the order in what they bring. Segments are handed out in order to whoever is
 * free, and their blocks are handed on in order, so the bytes are the same for any number of workers. Who is ahead waits
 * when too much of its work does. The segment that is next has all its earlier blocks out, so it never waits.
 */
export class Generation {
  readonly #plan: GeneratePlan;
  readonly #pool: Piscina;
  readonly #ports: MessagePort[];
  readonly #segments: number;
  readonly #bySegment = new Map<number, Waiting[]>();
  #nextSegment = 0;
  #onNews: (() => void) | undefined;
  #failure: { error: unknown } | undefined;

  constructor(plan: GeneratePlan, workers: number) {
    this.#plan = plan;
    this.#segments = segmentsOf(plan);
    const threads = Math.min(workers, this.#segments);
    this.#pool = new Piscina<WorkerTask, void>({
      filename: new URL('worker.ts', import.meta.url).href,
      name: 'runWorker',
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // Waiting in Atomics would keep a worker from hearing what was written.
      atomics: 'disabled',
    });
    this.#ports = Array.from({ length: threads }, (_, worker) => this.#start(worker, aheadBytes / threads));
  }

  /** Everything, in the order of cars. A block counts as written when the next is asked for. @throws what a worker threw */
  async *inOrder(): AsyncGenerator<Generated> {
    for (let segment = 0; segment < this.#segments; segment++) {
      for (;;) {
        const { worker, message } = await this.#next(segment);
        if (message.type === 'done') {
          this.#bySegment.delete(segment);
          if (message.truths.length > 0) yield { type: 'truths', truths: message.truths };
          break;
        }
        const bytes = message.block.bytes.length;
        yield { type: 'block', block: message.block };
        this.#tell(worker, { type: 'written', bytes });
      }
    }
  }

  /** Nothing more comes: who asks for the next gets `error`. */
  abort(error: unknown): void {
    this.#failure ??= { error };
    this.#onNews?.();
  }

  /** Ends the threads, wherever they are. */
  async close(): Promise<void> {
    for (const port of this.#ports) port.close();
    await this.#pool.destroy();
  }

  #start(worker: number, ahead: number): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: FromWorker) => this.#receive(worker, message));
    const task: WorkerTask = { plan: this.#plan, aheadBytes: ahead, port: port2 };
    this.#pool.run(task, { transferList: [port2] }).catch((error: unknown) => this.abort(error));
    this.#handOut(port1);
    return port1;
  }

  #receive(worker: number, message: FromWorker): void {
    const waiting = this.#bySegment.get(message.segment) ?? [];
    waiting.push({ worker, message });
    this.#bySegment.set(message.segment, waiting);
    if (message.type === 'done') this.#handOut(this.#ports[worker]!);
    this.#onNews?.();
  }

  #handOut(port: MessagePort): void {
    const hasMore = this.#nextSegment < this.#segments;
    const message: ToWorker = hasMore ? { type: 'live', segment: this.#nextSegment++ } : { type: 'end' };
    port.postMessage(message);
  }

  #tell(worker: number, message: ToWorker): void {
    this.#ports[worker]?.postMessage(message);
  }

  async #next(segment: number): Promise<Waiting> {
    for (;;) {
      if (this.#failure) throw this.#failure.error;
      const waiting = this.#bySegment.get(segment)?.shift();
      if (waiting) return waiting;
      await new Promise<void>((resolve) => (this.#onNews = resolve));
    }
  }
}
