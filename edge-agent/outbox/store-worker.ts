import { parentPort, workerData } from 'node:worker_threads';
import { inWords } from '#runtime/errors.ts';
import { isDamage, isFull } from './database.ts';
import type { StoreAnswer, StoreFailure, StoreOpened, StoreRequest } from './protocol.ts';
import { Store, type StoredFrame } from './store.ts';

/** The thread that owns the outbox file: a commit blocks for as long as the disk takes, and the cars must not wait. */
const port = parentPort;
if (!port) throw new Error('store-worker runs in a worker thread');

function serve(store: Store, request: StoreRequest): StoredFrame[] {
  if (request.type === 'read') return store.read(request.from, request.maxBytes);
  if (request.type === 'commit') store.commit(request);
  else if (request.type === 'forget') store.forget(request.acknowledged);
  else store.close();
  return [];
}

function failureOf(error: unknown): StoreFailure {
  const kind = isDamage(error) ? 'damaged' : isFull(error) ? 'full' : 'other';
  return { kind, words: inWords(error) };
}

try {
  const store = Store.open((workerData as { dataDir: string }).dataDir);
  port.on('message', (request: StoreRequest) => {
    const startedAt = performance.now();
    try {
      const frames = serve(store, request);
      const answer: StoreAnswer = { type: 'done', tookMs: performance.now() - startedAt, frames };
      port.postMessage(
        answer,
        frames.map((frame) => frame.bytes.buffer as ArrayBuffer),
      );
    } catch (error) {
      port.postMessage({ type: 'failed', failure: failureOf(error) } satisfies StoreAnswer);
    }
    if (request.type === 'close') port.close();
  });
  const opened: StoreOpened = { type: 'opened', contents: store.contents, windows: store.windows() };
  port.postMessage(opened);
} catch (error) {
  port.postMessage({ type: 'failed', failure: failureOf(error) } satisfies StoreOpened);
}
