import type { DeadLetterReason } from '#contract/records.ts';
import { signalNames, type SignalName } from '#contract/signals.ts';
import { maxReadingsPerBatch, type TelemetryBatch } from '#contract/telemetry.ts';
import { nearestWord } from '#runtime/nearest-word.ts';

/** What a device that cannot write Avro may send: the record's fields by name, each signal a number, null, or an array of them. */
export type JsonReading = Omit<TelemetryBatch, 'session' | 'seq'> & {
  identity: { session: number; seq: number } | undefined;
};

export class RefusedPayload extends Error {
  override name = 'RefusedPayload';
  readonly reason: DeadLetterReason;
  constructor(reason: DeadLetterReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const headFields = ['vin', 'session', 'seq', 'scheduledAt', 'simTime', 'intervalMs'] as const;
const knownFields = new Set<string>([...headFields, ...signalNames]);
const defaultIntervalMs = 1000;

/**
 * Absent: vin is the topic's; scheduledAt is now; intervalMs is a second; simTime puts the last reading at scheduledAt; signals are
 * NaN; session and seq, both or neither, are for the door to give.
 * @throws RefusedPayload
 */
export function readJson(payload: Buffer, topicVin: string, now: number): JsonReading {
  const fields = parseObject(payload);
  for (const name of Object.keys(fields)) {
    if (!knownFields.has(name)) throw bad(unknownField(name));
  }
  const columns = readColumns(fields);
  const readings = columns[0]?.length ?? 0;
  const { vin = topicVin } = fields;
  if (typeof vin !== 'string') throw bad('vin is not a text');
  const session = readInteger(fields, 'session', 0);
  const seq = readInteger(fields, 'seq', 1);
  if ((session === undefined) !== (seq === undefined))
    throw bad('session and seq come together or not at all');
  const identity = session === undefined || seq === undefined ? undefined : { session, seq };
  const scheduledAt = readInteger(fields, 'scheduledAt', 0) ?? now;
  const intervalMs = readInteger(fields, 'intervalMs', 0) ?? defaultIntervalMs;
  const simTime = readInteger(fields, 'simTime', 0) ?? scheduledAt - (readings - 1) * intervalMs;
  return { vin, identity, scheduledAt, simTime, intervalMs, columns };
}

function parseObject(payload: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw bad(error instanceof SyntaxError ? error.message : 'not UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('not an object');
  return value as Record<string, unknown>;
}

function readColumns(fields: Record<string, unknown>): Float32Array[] {
  let readings: number | undefined;
  const given = new Map<SignalName, Float32Array>();
  for (const name of signalNames) {
    const value = fields[name];
    if (value === undefined) continue;
    const column = readColumn(name, value);
    readings ??= column.length;
    if (column.length !== readings) {
      throw new RefusedPayload(
        'uneven-columns',
        `${name} has ${column.length} readings, others have ${readings}`,
      );
    }
    given.set(name, column);
  }
  if (!readings) throw bad('it carries no reading of any signal');
  const absent = new Float32Array(readings).fill(Number.NaN);
  return signalNames.map((name) => given.get(name) ?? absent);
}

function readColumn(name: SignalName, value: unknown): Float32Array {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.length > maxReadingsPerBatch) {
    throw new RefusedPayload('too-many-readings', `${name} has more than ${maxReadingsPerBatch} readings`);
  }
  const column = new Float32Array(values.length);
  for (const [index, one] of values.entries()) {
    if (one !== null && typeof one !== 'number') throw bad(`${name} holds what is neither a number nor null`);
    column[index] = one ?? Number.NaN;
    if (Math.abs(column[index] ?? 0) === Infinity) throw bad(`${name} holds a number beyond float32`);
  }
  return column;
}

function readInteger(
  fields: Record<string, unknown>,
  name: (typeof headFields)[number],
  min: number,
): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw bad(`${name} is not a whole number from ${min}`);
  }
  return value;
}

function unknownField(name: string): string {
  const shown = JSON.stringify(name.slice(0, 64));
  const near = name.length > 64 ? undefined : nearestWord(name, knownFields);
  return near === undefined
    ? `there is no field ${shown}`
    : `there is no field ${shown}; did you mean ${near}?`;
}

function bad(detail: string): RefusedPayload {
  return new RefusedPayload('bad-json', detail);
}
