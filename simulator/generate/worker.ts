import { setImmediate as otherWork } from 'node:timers/promises';
import type { Block, Encoder, OnBlock } from './block.ts';
import { messagesOf } from './car-messages.ts';
import type { FromWorker, ToWorker, WorkerTask } from './messages.ts';
import { ParquetEncoder } from './parquet-encoder.ts';
import { carsOf, type GeneratePlan } from './plan.ts';
import { RecordEncoder } from './record-encoder.ts';
import { CsvEncoder, NdjsonEncoder } from './text-encoders.ts';
import type { TruthRow } from './truth-row.ts';

/** A worker thread's whole work: segment after segment of cars, until there are none. */
class Worker {
  readonly #task: WorkerTask;
  readonly #encoder: Encoder;
  #segment = 0;
  #waitingBytes = 0;
  #hasNews = false;
  #onRoom: (() => void) | undefined;

  constructor(task: WorkerTask) {
    this.#task = task;
    this.#encoder = encoderOf(task.plan, (block) => this.#hand(block));
  }

  async run(): Promise<void> {
    const { port } = this.#task;
    const segments: (number | undefined)[] = [];
    let onSegment: (() => void) | undefined;
    port.on('message', (message: ToWorker) => {
      if (message.type === 'written') {
        this.#waitingBytes -= message.bytes;
        this.#onRoom?.();
        return;
      }
      segments.push(message.type === 'live' ? message.segment : undefined);
      onSegment?.();
    });
    for (;;) {
      if (segments.length === 0) await new Promise<void>((resolve) => (onSegment = resolve));
      const segment = segments.shift();
      if (segment === undefined) break;
      await this.#live(segment);
    }
    port.close();
  }

  async #live(segment: number): Promise<void> {
    const { plan } = this.#task;
    this.#segment = segment;
    const truths: TruthRow[] = [];
    for (const message of messagesOf(plan.fleet, carsOf(plan, segment), truths)) {
      this.#encoder.add(message);
      if (this.#hasNews) await this.#room();
    }
    this.#encoder.end();
    this.#post({ type: 'done', segment, truths });
    await this.#room();
  }

  /** Hears what was written meanwhile, and waits while too much is not. */
  async #room(): Promise<void> {
    this.#hasNews = false;
    await otherWork();
    while (this.#waitingBytes > this.#task.aheadBytes) {
      await new Promise<void>((resolve) => (this.#onRoom = resolve));
    }
    this.#onRoom = undefined;
  }

  #hand(block: Block): void {
    this.#waitingBytes += block.bytes.length;
    this.#hasNews = true;
    this.#post({ type: 'block', segment: this.#segment, block }, [block.bytes.buffer]);
  }

  #post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    this.#task.port.postMessage(message, transfer);
  }
}

/** @param onBlock is given each block once; its bytes are its own */
export function encoderOf({ format, fleet }: GeneratePlan, onBlock: OnBlock): Encoder {
  const { readingsPerMessage } = fleet;
  if (format === 'csv') return new CsvEncoder(readingsPerMessage, onBlock);
  if (format === 'ndjson') return new NdjsonEncoder(readingsPerMessage, onBlock);
  if (format === 'parquet') return new ParquetEncoder(onBlock);
  return new RecordEncoder(readingsPerMessage, onBlock);
}

/** Entry of a worker thread (piscina's task). Resolves when there is nothing more to do. */
export async function runWorker(task: WorkerTask): Promise<void> {
  await new Worker(task).run();
}
