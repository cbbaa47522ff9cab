import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { SimulatorConfig } from '../config.ts';
import type { FromShard, ShardTask, ToShard } from './messages.ts';

/**
 * The process's worker threads. A shard is one long task of the pool: it is handed a port and never returns before its
 * schedule is over, so the pool has as many threads as shards and no queue.
 */
export class Shards {
  readonly #pool: Piscina;
  readonly #ports: MessagePort[] = [];
  /** Resolves when every shard has finished; rejects when one dies. */
  readonly ended: Promise<void>;

  constructor(config: SimulatorConfig, onMessage: (shard: number, message: FromShard) => void) {
    this.#pool = new Piscina<ShardTask, void>({
      filename: new URL('shard.ts', import.meta.url).href,
      name: 'runShard',
      minThreads: config.workers,
      maxThreads: config.workers,
      concurrentTasksPerWorker: 1,
      // Waiting in Atomics would freeze the shard's sockets.
      atomics: 'disabled',
    });
    const tasks = Array.from({ length: config.workers }, (_, worker) => {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', (message: FromShard) => onMessage(worker, message));
      this.#ports.push(port1);
      const task: ShardTask = { config, worker, name: shardName(config, worker), port: port2 };
      return this.#pool.run(task, { transferList: [port2] });
    });
    this.ended = Promise.all(tasks).then(() => {});
  }

  tell(message: ToShard): void {
    for (const port of this.#ports) port.postMessage(message);
  }

  /** Ends threads that have not ended, too. */
  async close(): Promise<void> {
    this.ended.catch(() => {});
    for (const port of this.#ports) port.close();
    await this.#pool.destroy();
  }
}

/** simulator-2-1: the first worker of the second process. */
function shardName(config: SimulatorConfig, worker: number): string {
  return `simulator-${config.process.index + 1}-${worker + 1}`;
}
