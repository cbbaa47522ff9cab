import { originHeader, decodeOrigin, type Origin } from '#contract/origin.ts';
import type { Codec } from '#contract/codec.ts';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';
import { evictionCodec, spoiledCodec } from '#contract/ledger-records.ts';
import {
  deadLetterCodec,
  edgeStateCodec,
  framePositionCodec,
  predictionCodec,
  truthCodec,
} from '#contract/records.ts';
import { signals } from '#contract/signals.ts';
import { decodeTelemetry } from '#contract/telemetry.ts';
import type { TopicName } from '#contract/topics.ts';
import type { ReadRecord } from '#wire/kafka-reader.ts';

/** A record in plain values: what JSON can say. */
export interface DecodedRecord {
  topic: string;
  partition: number;
  offset: string;
  /** When Kafka took it, ISO 8601. */
  at: string;
  key: string | null;
  origin: Origin | null;
  /** null: a tombstone. */
  value: unknown;
}

const codecs: Partial<Record<TopicName, Codec<unknown>>> = {
  'fleet.predictions': predictionCodec,
  'fleet.truth': truthCodec,
  'fleet.edges': edgeStateCodec,
  'fleet.frames': framePositionCodec,
  'fleet.deadletter': deadLetterCodec,
};

/** Decodes by the topic's contract. What does not decode is shown as text or bytes, with the reason. */
export function decodeRecord(name: TopicName, record: ReadRecord): DecodedRecord {
  const { topic, partition, offset, timestamp, key, value } = record;
  return {
    topic,
    partition,
    offset,
    at: new Date(timestamp).toISOString(),
    key: key === null ? null : key.toString(),
    origin: originOf(record),
    value: value === null ? null : plain(decodeValue(name, value)),
  };
}

/** Which run a record belongs to: its origin says so, or its key, which begins with the run. */
export function runOf(record: DecodedRecord): string | undefined {
  return record.origin?.run ?? record.key?.split('/')[0];
}

/** One line for a person. */
export function lineOf(record: DecodedRecord): string {
  const { partition, offset, at, key, origin, value } = record;
  const from = origin ? ` ${origin.edge}#${origin.number}${origin.stored ? ' stored' : ''}` : '';
  return `${at} ${partition}:${offset}${from} ${key ?? '-'} ${value === null ? 'deleted' : JSON.stringify(value)}`;
}

function originOf({ headers }: ReadRecord): Origin | null {
  const header = headers[originHeader];
  return decodeOrigin(Array.isArray(header) ? header[0] : header);
}

function decodeValue(name: TopicName, bytes: Buffer): unknown {
  try {
    if (name === 'fleet.telemetry') return telemetry(bytes);
    const codec = name === 'fleet.ledger' ? ledgerCodecOf(bytes) : codecs[name];
    return codec ? codec.decode(bytes) : text(bytes);
  } catch (error) {
    return { undecodable: error instanceof Error ? error.message : String(error), bytes: shownBytes(bytes) };
  }
}

/** Simulators write marks and what they spoiled there, edges what they dropped. */
function ledgerCodecOf(bytes: Buffer): Codec<unknown> {
  return [evictionCodec, spoiledCodec].find((codec) => codec.matches(bytes)) ?? ledgerMarksCodec;
}

/** Signals by name, as many digits as the sensor has; a signal that the car lacks is left out. */
function telemetry(bytes: Buffer): unknown {
  const { columns, ...rest } = decodeTelemetry(bytes);
  const readings: Record<string, (number | null)[]> = {};
  for (const [index, { name, resolution }] of signals.entries()) {
    const column = [...(columns[index] ?? [])];
    if (column.every(Number.isNaN)) continue;
    const digits = Math.max(0, Math.ceil(-Math.log10(resolution)));
    readings[name] = column.map((reading) =>
      Number.isNaN(reading) ? null : Number(reading.toFixed(digits)),
    );
  }
  return { ...rest, readings };
}

/** Records of no schema yet are JSON; chunks of a model are bytes. */
function text(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return shownBytes(bytes);
  }
}

const shownLength = 256;

function shownBytes(bytes: Buffer): { length: number; hex: string } {
  return { length: bytes.length, hex: bytes.toString('hex', 0, shownLength) };
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => {
      if (isBufferJson(inner)) return shownBytes(Buffer.from(inner.data));
      return inner;
    }),
  ) as unknown;
}

/** JSON.stringify has Buffers turn themselves into this before a replacer sees them. */
function isBufferJson(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value
  );
}
