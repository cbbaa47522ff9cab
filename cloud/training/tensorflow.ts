import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import util from 'node:util';
import type * as TensorFlow from '@tensorflow/tfjs';
import { UserError, inWords } from '#runtime/errors.ts';
import type { Log } from '#runtime/log.ts';

export type Tf = typeof TensorFlow;

/** `auto` takes tfjs-node where it is installed, else wasm. Releases repeat byte for byte only on the same one. */
export const tfjsBackends = ['wasm', 'node', 'auto'] as const;
export type TfjsBackend = (typeof tfjsBackends)[number];

let wasm: Promise<Tf> | undefined;

/** TensorFlow.js, ready to compute on one core. Loaded when it is first asked for. @throws UserError where it cannot be had */
export async function loadTensorFlow(backend: TfjsBackend, log: Log): Promise<Tf> {
  if (backend !== 'wasm') {
    try {
      return await loadNative();
    } catch (error) {
      const reason = inWords(error);
      if (backend === 'node') {
        throw new UserError('config', `tfjs-node cannot be used here (${reason}); take wasm`, {
          cause: error,
        });
      }
      log.info({ reason }, 'tfjs-node cannot be used here: wasm takes its place');
    }
  }
  wasm ??= loadWasm();
  return wasm;
}

async function loadWasm(): Promise<Tf> {
  const tf = await import('@tensorflow/tfjs');
  const { setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // The package's main file lies beside its .wasm files.
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(dirname(main) + sep);
  // With several threads sums come out in another order, and a training would not repeat.
  setThreadsCount(1);
  const before = lastResorts();
  if (!(await tf.setBackend('wasm'))) throw new Error("TensorFlow's wasm backend does not start");
  await tf.ready();
  // Emscripten's code listens too, and ends the process before anyone can say why.
  for (const { event, listener } of lastResorts()) {
    if (!before.some((known) => known.listener === listener)) process.off(event, listener);
  }
  return tf;
}

/** Who hears of errors that nobody has caught. */
function lastResorts(): { event: string; listener: (...args: unknown[]) => void }[] {
  const emitter: EventEmitter = process;
  return ['uncaughtException', 'unhandledRejection'].flatMap((event) =>
    emitter.listeners(event).map((listener) => ({ event, listener: listener as () => void })),
  );
}

async function loadNative(): Promise<Tf> {
  // tfjs-node 4 still calls what Node 23 took out of node:util.
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
  const name = '@tensorflow/tfjs-node';
  const tf = (await import(name)) as Tf;
  await tf.setBackend('tensorflow');
  await tf.ready();
  return tf;
}
