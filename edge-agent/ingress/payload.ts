import type { DeadLetterReason } from '#contract/records.ts';
import {
  EncodedTelemetry,
  encodeTelemetry,
  TelemetryError,
  type TelemetryHead,
} from '#contract/telemetry.ts';
import { readJson, RefusedPayload } from './json.ts';

/** One message of a car: the record, whose bytes go on from here unchanged. */
export interface Arrival {
  batch: EncodedTelemetry;
  /** false: the car gave no session and seq, so a resend of it cannot be told from a new message. */
  identified: boolean;
}

/** Numbers what cars send without session and seq. */
export interface Door {
  number(vin: string): { session: number; seq: number };
}

export interface Refusal {
  reason: DeadLetterReason;
  detail: string;
}

/**
 * Avro as it is, or JSON, which is turned into the Avro record here, once. Never throws, whatever the bytes are.
 * @param vin whose topic it came on
 */
export function openPayload(payload: Buffer, vin: string, door: Door, now: number): Arrival | Refusal {
  try {
    if (payload[0] === 0x7b) return fromJson(payload, vin, door, now);
    const batch = new EncodedTelemetry(payload);
    checkIdentity(batch, vin);
    return { batch, identified: true };
  } catch (error) {
    if (error instanceof TelemetryError) return { reason: error.code, detail: error.message };
    if (error instanceof RefusedPayload) return { reason: error.reason, detail: error.message };
    throw error;
  }
}

function fromJson(payload: Buffer, vin: string, door: Door, now: number): Arrival {
  const { identity, ...reading } = readJson(payload, vin, now);
  const batch = { ...reading, ...(identity ?? door.number(vin)) };
  checkIdentity(batch, vin);
  return { batch: new EncodedTelemetry(encodeTelemetry(batch)), identified: identity !== undefined };
}

/** What a record may say and a decoder lets pass. */
function checkIdentity(batch: TelemetryHead, vin: string): void {
  const { session, seq, scheduledAt, simTime, intervalMs } = batch;
  if (batch.vin !== vin) throw new RefusedPayload('foreign-vin', `the record says ${quote(batch.vin)}`);
  if (!Number.isSafeInteger(session) || session < 0) throw wrong('session', session);
  if (!Number.isSafeInteger(seq) || seq < 1) throw wrong('seq', seq);
  if (!Number.isSafeInteger(scheduledAt)) throw wrong('scheduledAt', scheduledAt);
  if (!Number.isSafeInteger(simTime)) throw wrong('simTime', simTime);
  if (intervalMs < 0 || intervalMs > 0x7fff_ffff) throw wrong('intervalMs', intervalMs);
  // The broker's string, whose hash is known: three maps are asked for each message's car.
  batch.vin = vin;
}

function wrong(field: string, value: number): RefusedPayload {
  return new RefusedPayload('not-telemetry', `${field} is ${value}`);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
