import { decodeFrameLeniently, FrameError } from '#contract/frame.ts';
import { isVin } from '#contract/identity.ts';
import type { DeadLetter } from '#contract/records.ts';
import { decodeTelemetryIdentity, TelemetryError } from '#contract/telemetry.ts';

export interface MessageIdentity {
  vin: string;
  session: number;
  seq: number;
}

/** Which messages a dead letter holds: named one by one, or only the car that they came from, or not even that. */
export type DeadLetterContent =
  | { kind: 'messages'; messages: MessageIdentity[] }
  | { kind: 'car'; vin: string }
  | { kind: 'unknown' };

/**
 * The edge lets a car publish under its own VIN only, so the topic names the sender for certain (and where it was
 * refused for its topic, the key does); the bytes are believed
 * only where they agree with it. Otherwise one car's rubbish could stand for another's lost message.
 */
export function contentOf(letter: DeadLetter): DeadLetterContent {
  const sender =
    letter.reason === 'forbidden-topic' ? letter.key : /^vehicles\/([^/]+)\//.exec(letter.topic)?.[1];
  const message = identityOf(letter.bytes);
  if (sender !== undefined) {
    return message?.vin === sender ? { kind: 'messages', messages: [message] } : { kind: 'car', vin: sender };
  }
  // From the bridge: one entry of a frame, under its own key, or a whole frame.
  if (message) return { kind: 'messages', messages: [message] };
  const messages = messagesOfFrame(letter.bytes);
  if (messages.length > 0) return { kind: 'messages', messages };
  return letter.reason === 'bad-entry' && isVin(letter.key)
    ? { kind: 'car', vin: letter.key }
    : { kind: 'unknown' };
}

function identityOf(bytes: Buffer): MessageIdentity | undefined {
  try {
    const { vin, session, seq } = decodeTelemetryIdentity(bytes);
    return Number.isSafeInteger(seq) && seq >= 1 ? { vin, session, seq } : undefined;
  } catch (error) {
    if (error instanceof TelemetryError) return undefined;
    throw error;
  }
}

function messagesOfFrame(bytes: Buffer): MessageIdentity[] {
  try {
    return decodeFrameLeniently(bytes).entries.flatMap((entry) => identityOf(entry.value) ?? []);
  } catch (error) {
    if (error instanceof FrameError) return [];
    throw error;
  }
}
