import { stopProcess, type KafkaProcess } from './process.ts';
import { untilLogSays, type Outcome } from './ready.ts';

/*
 * What goes before the start of a broker that was killed.
 *
 * Kafka 4.3 can forget how a transaction ended (KAFKA-20734). The broker comes back, still takes itself for the leader of
 * everything, and wants to write the markers of the transactions that were decided when it died, to its own port, which
 * opens only after the controller has counted its former self as gone. In that moment nobody leads anything; for that
 * moment Kafka takes the partitions for deleted and drops the markers, and no reader of committed records ever comes past
 * those transactions. So the controller is started alone first, and counts the broker as gone before it comes back. It
 * also need not wait for its own session to end then.
 */

const stopPatienceMs = 5_000;

/**
 * Waits until a node that was started as controller alone counts the broker as gone, then stops it.
 * @returns `exited` when it ended by itself or somebody stopped it
 */
export async function untilBrokerIsGone(
  controller: KafkaProcess,
  log: { logFile: string; logFrom: number; timeoutMs: number },
): Promise<Outcome> {
  const outcome = await untilLogSays(controller, { ...log, says: saysThatBrokerIsGone });
  if (outcome !== 'exited') await stopProcess(controller.child, stopPatienceMs);
  return outcome;
}

const activeLine = 'Performing controller activation';
/** In the records of a broker that the controller has read again or written: 1 and true are gone, 0 and false are there. */
const fencedField = /\bfenced=(0|1|true|false)\b/g;

/** The last word counts; before it is active, the controller only reads again what was. */
function saysThatBrokerIsGone(log: string): boolean {
  if (!log.includes(activeLine)) return false;
  const last = [...log.matchAll(fencedField)].at(-1)?.[1];
  return last === '1' || last === 'true';
}
