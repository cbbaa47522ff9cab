import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf, type KafkaProcess } from './process.ts';

const pauseMs = 25;
/** Kafka's own word for it (log4j2.xml lets it through). A port that answers could be somebody else's. */
const startedLine = 'Kafka Server started';
/** Of tiered storage, a tenth of a second later. */
const tieredLine = 'Initialized topic-based RLMM resources successfully';

/** Where a log ends now: what comes behind it is of the next start. */
export async function endOfLog(logFile: string): Promise<number> {
  return stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Waits until Kafka takes clients. */
export const untilStarted = untilLine(startedLine);

/**
 * Waits until tiered storage is up too. A Kafka told to end before that closes its port, then asks that very port about
 * tiered storage's topic for a minute, and only then ends.
 */
export const untilTiered = untilLine(tieredLine);

/** @returns what waits until a log says so, from where this start's part of it begins */
function untilLine(line: string) {
  return (started: KafkaProcess, logFile: string, logFrom: number, timeoutMs: number): Promise<Outcome> =>
    untilLogSays(started, { logFile, logFrom, timeoutMs, says: (log) => log.includes(line) });
}

/** `exited`: it ended before; `late`: it takes longer than the time given. */
export type Outcome = 'up' | 'exited' | 'late';

/** @param options.logFrom where this start's part of the log begins */
export async function untilLogSays(
  started: KafkaProcess,
  options: { logFile: string; logFrom: number; timeoutMs: number; says: (log: string) => boolean },
): Promise<Outcome> {
  const { logFile, logFrom, timeoutMs, says } = options;
  let exited = false;
  void exitOf(started.child).then(() => (exited = true));
  const giveUpAt = performance.now() + timeoutMs;
  while (performance.now() < giveUpAt) {
    if (says(await logSince(logFile, logFrom))) return 'up';
    if (exited) return 'exited';
    await sleep(pauseMs);
  }
  return 'late';
}

/** What Kafka has printed behind a position of its log. */
export async function logSince(logFile: string, from: number): Promise<string> {
  const file = await open(logFile);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - from)), 0, null, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
