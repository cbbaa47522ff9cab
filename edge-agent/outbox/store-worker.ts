import { parentPort, workerData } from 'node:worker_threads';
import { inWords } from '#runtime/errors.ts';
import { isDamage, isFull } from './database.ts';
import { NoRoomError } from './evictions.ts';
import type { StoreAnswer, StoreFailure, StoreOpened, StoreRequest, StoreResult } from './protocol.ts';
import { Store } from './store.ts';

/** The thread that owns the outbox file: a commit blocks for as long as the disk takes, and the cars must not wait. */
const port = parentPort;
if (!port) throw new Error('store-worker runs in a worker thread');

function serve(store: Store, request: StoreRequest): StoreResult {
  const result: StoreResult = { frames: [], committed: null, eviction: null };
  if (request.type === 'read') result.frames = store.read(request.from, request.maxBytes);
  else if (request.type === 'commit') result.committed = store.commit(request);
  else if (request.type === 'eviction') result.eviction = store.eviction(request.edge, request.at);
  else if (request.type === 'forget') store.forget(request.acknowledged);
  else if (request.type === 'disk') store.setDiskFull(request.full);
  else store.close();
  return result;
}

function failureOf(error: unknown): StoreFailure {
  if (error instanceof NoRoomError) return { kind: 'no-room', words: error.message };
  const kind = isDamage(error) ? 'damaged' : isFull(error) ? 'full' : 'other';
  return { kind, words: inWords(error) };
}

try {
  const store = Store.open((workerData as { dataDir: string }).dataDir);
  port.on('message', (request: StoreRequest) => {
    const startedAt = performance.now();
    try {
      const result = serve(store, request);
      const answer: StoreAnswer = { type: 'done', tookMs: performance.now() - startedAt, ...result };
      port.postMessage(
        answer,
        result.frames.map((frame) => frame.bytes.buffer as ArrayBuffer),
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
