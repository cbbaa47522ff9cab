import avro from 'avsc';
import { AvroReader, writeLong, writeText, type Broken } from './avro-bytes.ts';
import { singleObjectHeader } from './fingerprint.ts';
import { signalCount, signalNames } from './signals.ts';

/**
 * TelemetryBatch, the record that everything else carries. Avro, written and read by a fixed-layout codec of our own
 * (the general one costs 1.3 to 1.5 times as much, and this is the hottest place of all); test/contract holds it to
 * avsc's reading of `telemetrySchema`, byte for byte.
 */
export interface TelemetryBatch {
  vin: string;
  /** Random below 2^53; new whenever the car starts. */
  session: number;
  /** From 1 within the session, without gaps. */
  seq: number;
  /** ms since 1970: when the open schedule meant it to be sent. */
  scheduledAt: number;
  /** ms since 1970 on the car's own clock: the first reading. */
  simTime: number;
  /** Between two readings, on the car's clock. */
  intervalMs: number;
  /** One column a signal, in the order of the signal table, all of the same length: columns[signalIndex.speed][reading]. */
  columns: Float32Array[];
}

/** All of a batch but its readings. */
export type TelemetryHead = Omit<TelemetryBatch, 'columns'>;

export const telemetrySchema = {
  type: 'record',
  name: 'TelemetryBatch',
  namespace: 'fleetbed',
  doc: 'Consecutive readings of one car. A signal that the car lacks is NaN.',
  fields: [
    { name: 'vin', type: 'string' },
    { name: 'session', type: 'long' },
    { name: 'seq', type: 'long' },
    { name: 'scheduledAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'simTime', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'intervalMs', type: 'int' },
    ...signalNames.map((name) => ({ name: name as string, type: { type: 'array', items: 'float' } })),
  ],
};

export const telemetryHeader = singleObjectHeader(avro.Type.forSchema(telemetrySchema as avro.Schema));

/** More readings than this in one batch are refused. */
export const maxReadingsPerBatch = 1000;

export class TelemetryError extends Error {
  override name = 'TelemetryError';
  readonly code: 'not-telemetry' | 'unknown-schema' | 'truncated' | 'uneven-columns' | 'too-many-readings';
  constructor(code: TelemetryError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Upper bound of an encoded batch's size. */
export function maxTelemetryBytes(readings: number): number {
  return 10 + 60 + 32 + signalCount * (4 + readings * 4);
}

/** @returns bytes in a buffer of their own */
export function encodeTelemetry(batch: TelemetryBatch): Buffer {
  const readings = readingsOf(batch);
  const bytes = Buffer.allocUnsafe(maxTelemetryBytes(readings) + batch.vin.length * 3);
  return bytes.subarray(0, writeTelemetry(bytes, 0, batch));
}

/** Writes the record at `start`; @returns where it ends. The caller keeps maxTelemetryBytes free. */
export function writeTelemetry(bytes: Buffer, start: number, batch: TelemetryBatch): number {
  let at = start + telemetryHeader.copy(bytes, start);
  at = writeText(bytes, at, batch.vin);
  at = writeLong(bytes, at, batch.session);
  at = writeLong(bytes, at, batch.seq);
  at = writeLong(bytes, at, batch.scheduledAt);
  at = writeLong(bytes, at, batch.simTime);
  at = writeLong(bytes, at, batch.intervalMs);
  const view = viewOf(bytes);
  for (const column of batch.columns) {
    if (column.length > 0) {
      at = writeLong(bytes, at, column.length);
      for (let i = 0; i < column.length; i++, at += 4) view.setFloat32(at, column[i]!, true);
    }
    bytes[at++] = 0;
  }
  return at;
}

/**
 * A batch in its bytes: whose it is and of when is read, its readings are not before somebody wants them. All of it is sound.
 */
export class EncodedTelemetry implements TelemetryHead {
  readonly bytes: Buffer;
  vin: string;
  readonly session: number;
  readonly seq: number;
  readonly scheduledAt: number;
  readonly simTime: number;
  readonly intervalMs: number;
  /** How many each column has. */
  readonly readings: number;
  readonly #columnsAt: number;
  /** What each column takes, when all are of one block as short as everybody writes them; else 0. */
  readonly #columnBytes: number;

  /** @throws TelemetryError */
  constructor(bytes: Buffer) {
    const reader = openRecord(bytes);
    this.bytes = bytes;
    this.vin = reader.text();
    this.session = reader.long();
    this.seq = reader.long();
    this.scheduledAt = reader.long();
    this.simTime = reader.long();
    this.intervalMs = reader.long();
    this.#columnsAt = reader.at;
    this.readings = readFloats(reader);
    this.#columnBytes = this.#plainColumnBytes(reader.at - this.#columnsAt);
    if (this.#columnBytes > 0) return;
    let isEven = true;
    for (let signal = 1; signal < signalCount; signal++) {
      if (readFloats(reader) !== this.readings) isEven = false;
    }
    if (!isEven) throw new TelemetryError('uneven-columns', 'signals carry different numbers of readings');
    if (!reader.atEnd()) throw new TelemetryError('not-telemetry', 'bytes behind the end of the record');
  }

  /** @param columns one a signal, of `readings` places at least */
  readInto(columns: readonly Float32Array[]): void {
    const bytes = this.#columnBytes;
    if (bytes === 0) {
      const reader = new AvroReader(this.bytes, this.#columnsAt, broken);
      for (const column of columns) readFloats(reader, column);
      return;
    }
    const view = viewOf(this.bytes);
    for (let signal = 0, start = this.#columnsAt + 1; signal < signalCount; signal++, start += bytes) {
      const column = columns[signal]!;
      for (let reading = 0; reading < this.readings; reading++)
        column[reading] = view.getFloat32(start + reading * 4, true);
    }
  }

  /** @param first bytes of the first column @returns 0 when the others may be different */
  #plainColumnBytes(first: number): number {
    const { bytes, readings } = this;
    const isPlain =
      readings > 0 &&
      readings < 64 &&
      first === 2 + readings * 4 &&
      this.#columnsAt + signalCount * first === bytes.length;
    if (!isPlain) return 0;
    for (let signal = 0, start = this.#columnsAt; signal < signalCount; signal++, start += first) {
      if (bytes[start] !== readings * 2 || bytes[start + first - 1] !== 0) return 0;
    }
    return first;
  }
}

export function readingsOf(batch: TelemetryBatch | EncodedTelemetry): number {
  return batch instanceof EncodedTelemetry ? batch.readings : (batch.columns[0]?.length ?? 0);
}

/** @throws TelemetryError */
export function decodeTelemetry(bytes: Buffer): TelemetryBatch {
  const encoded = new EncodedTelemetry(bytes);
  const { vin, session, seq, scheduledAt, simTime, intervalMs, readings } = encoded;
  const columns = signalNames.map(() => new Float32Array(readings));
  encoded.readInto(columns);
  return { vin, session, seq, scheduledAt, simTime, intervalMs, columns };
}

/** What the ledger needs, without touching the readings. @throws TelemetryError */
export function decodeTelemetryIdentity(
  bytes: Buffer,
): Pick<TelemetryHead, 'vin' | 'session' | 'seq' | 'scheduledAt'> {
  const reader = openRecord(bytes);
  return { vin: reader.text(), session: reader.long(), seq: reader.long(), scheduledAt: reader.long() };
}

function openRecord(bytes: Buffer): AvroReader {
  if (bytes.length < 10 || bytes[0] !== 0xc3 || bytes[1] !== 0x01) {
    throw new TelemetryError('not-telemetry', 'not an Avro single-object record');
  }
  if (bytes.compare(telemetryHeader, 0, 10, 0, 10) !== 0) {
    throw new TelemetryError(
      'unknown-schema',
      `schema fingerprint ${bytes.toString('hex', 2, 10)} is not known`,
    );
  }
  return new AvroReader(bytes, 10, broken);
}

/** Its floats cost a third of a Buffer's. */
function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * The floats of one column; an Avro array may come in several blocks.
 * @param column takes them, where they are wanted
 * @returns how many there are
 */
function readFloats(reader: AvroReader, column?: Float32Array): number {
  let read = 0;
  for (let count = reader.block(); count > 0; count = reader.block()) {
    if (read + count > maxReadingsPerBatch) {
      throw new TelemetryError('too-many-readings', `more than ${maxReadingsPerBatch} readings in one batch`);
    }
    const start = reader.take(count * 4);
    if (column) {
      const view = viewOf(reader.bytes);
      for (let i = 0; i < count; i++) column[read + i] = view.getFloat32(start + i * 4, true);
    }
    read += count;
  }
  return read;
}

const broken: Broken = (code, message) =>
  new TelemetryError(code === 'malformed' ? 'not-telemetry' : code, message);
