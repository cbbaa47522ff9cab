import { isVin } from '#contract/identity.ts';
import { carMayPublish } from '#contract/mqtt-topics.ts';
import type { DeadLetter } from '#contract/records.ts';
import { openPayload } from '#edge-agent/ingress/payload.ts';

/** What an edge of this version would say of a letter's bytes. */
export type Today =
  | { kind: 'taken'; vin: string; readings: number; format: 'Avro' | 'JSON'; identity: Identity | null }
  | { kind: 'refused'; reason: string; detail: string }
  /** Nobody can send it again as it was sent. */
  | { kind: 'not-tried'; why: string };

interface Identity {
  session: number;
  seq: number;
}

/** The car that may send the letter's bytes again on their own topic; null where there is none. */
export function senderOf({ topic, key }: Pick<DeadLetter, 'topic' | 'key'>): string | null {
  return isVin(key) && carMayPublish(key, topic) ? key : null;
}

/** Decodes the bytes again, by the edge's own door. */
export function today(letter: DeadLetter, now: number): Today {
  const vin = senderOf(letter);
  if (vin === null) {
    if (!letter.topic.startsWith('vehicles/')) return { kind: 'not-tried', why: 'no car sent it' };
    const detail = `${letter.key} may not publish to ${letter.topic}`;
    return { kind: 'refused', reason: 'forbidden-topic', detail };
  }
  const opened = openPayload(letter.bytes, vin, numbersAnew, now);
  if ('reason' in opened) return { kind: 'refused', ...opened };
  const { session, seq, readings, bytes } = opened.batch;
  return {
    kind: 'taken',
    vin,
    readings,
    format: bytes === letter.bytes ? 'Avro' : 'JSON',
    identity: opened.identified ? { session, seq } : null,
  };
}

/** In one sentence. */
export function todayInWords(said: Today): string {
  if (said.kind === 'not-tried') return `cannot be sent again: ${said.why}`;
  if (said.kind === 'refused') return `would be refused again: ${said.reason}, ${said.detail}`;
  const { format, identity, readings } = said;
  const which = identity ? `session ${identity.session}, seq ${identity.seq}` : 'numbered anew by the edge';
  return `would be taken now: ${format}, ${readings} ${readings === 1 ? 'reading' : 'readings'}, ${which}`;
}

/** In the place of the edge's own, which only the edge has. */
const numbersAnew = { number: () => ({ session: 0, seq: 1 }) };
