import type { FetchLoop, Progress } from './kafka-fetch-loop.ts';
import type { Mark } from './kafka-offsets.ts';
import { kafkaInWords } from './kafka.ts';

/**
 * Resolves when a reader's every position is at or behind where the mark stands at this call.
 * @throws Error naming the partitions that are behind when the time is over; why the reader has failed; that it stopped
 */
export async function reach(loop: FetchLoop, mark: Mark, timeoutMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const ends = await loop.endsAt(mark, deadline);
  const isBehind = ({ position }: Progress, index: number): boolean => position < (ends[index] ?? 0);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = (): void => {
    if (!loop.progress().some(isBehind)) resolve();
  };
  const tooLate = (): void => {
    const behind = loop.progress().flatMap((place, index) => {
      const { topic, partition, position, stable } = place;
      if (!isBehind(place, index)) return [];
      const why = position < stable ? '' : ', where a transaction is undecided';
      return [`${topic}/${partition} at ${position} of ${ends[index]}${why}`];
    });
    const why = loop.trouble === undefined ? '' : `; ${kafkaInWords(loop.trouble)}`;
    reject(new Error(`not read to the end within ${timeoutMs} ms: ${behind.join(', ')}${why}`));
  };
  const stopped = (): void => reject(new Error('the reader was stopped before it reached the end'));
  const forget = loop.onMoved(look);
  deadline.addEventListener('abort', tooLate);
  loop.stopped.addEventListener('abort', stopped);
  try {
    look();
    if (deadline.aborted) tooLate();
    if (loop.stopped.aborted) stopped();
    // The reason of a failure comes before the stop that it makes.
    await Promise.race([loop.failed, promise]);
  } finally {
    forget();
    deadline.removeEventListener('abort', tooLate);
    loop.stopped.removeEventListener('abort', stopped);
  }
}
