import { constants, zstdCompressSync } from 'node:zlib';
import type { RowGroup } from 'hyparquet';
import { ByteWriter, ParquetWriter, type ColumnSource } from 'hyparquet-writer';
import { signalCount, signalNames } from '#contract/signals.ts';
import type { TelemetryBatch } from '#contract/telemetry.ts';
import type { Encoder, OnBlock } from './block.ts';
import { schemaOf, telemetryColumns } from './parquet-schema.ts';
import { rowsPerGroup } from './plan.ts';

const params = { [constants.ZSTD_c_compressionLevel]: 1 };
export const compressors = {
  ZSTD: (input: Uint8Array): Uint8Array => zstdCompressSync(input, { params }),
};
/** A file begins with "PAR1"; every row group is made as if it were the file's first. */
export const magicBytes = 4;

// Pages know nothing of what their numbers mean: without "timestamp" a column of 64-bit integers is taken as it is.
const pageSchema = schemaOf(
  telemetryColumns.map((column) => {
    if (column.converted_type !== 'TIMESTAMP_MILLIS') return column;
    const { converted_type: _, ...plain } = column;
    return plain;
  }),
);

/** Row groups of at most `rowsPerGroup` readings, each in bytes of its own; whoever has them all writes the footer. */
export class ParquetEncoder implements Encoder {
  readonly #onBlock: OnBlock;
  #rows = 0;
  #messages = 0;
  readonly #vin = Array.from({ length: rowsPerGroup }, () => '');
  readonly #session = new BigInt64Array(rowsPerGroup);
  readonly #seq = new Int32Array(rowsPerGroup);
  readonly #reading = new Int32Array(rowsPerGroup);
  readonly #scheduledAt = new BigInt64Array(rowsPerGroup);
  readonly #simTime = new BigInt64Array(rowsPerGroup);
  readonly #signals = Array.from({ length: signalCount }, () => new Float32Array(rowsPerGroup));

  constructor(onBlock: OnBlock) {
    this.#onBlock = onBlock;
  }

  add({ vin, session, seq, scheduledAt, simTime, intervalMs, columns }: TelemetryBatch): void {
    const readings = columns[0]?.length ?? 0;
    const [ofSession, due] = [BigInt(session), BigInt(scheduledAt)];
    for (let reading = 0; reading < readings; reading++) {
      if (this.#rows === rowsPerGroup) this.end();
      const row = this.#rows++;
      this.#vin[row] = vin;
      this.#session[row] = ofSession;
      this.#seq[row] = seq;
      this.#reading[row] = reading;
      this.#scheduledAt[row] = due;
      this.#simTime[row] = BigInt(simTime + reading * intervalMs);
      for (let signal = 0; signal < signalCount; signal++) {
        this.#signals[signal]![row] = columns[signal]![reading]!;
      }
    }
    this.#messages++;
  }

  end(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    const writer = new ByteWriter();
    const file = new ParquetWriter({
      writer,
      schema: pageSchema,
      codec: 'ZSTD',
      compressors,
      statistics: false,
    });
    // Of the columns by which somebody looks for rows, the footer says the least and the largest value.
    const plain = { encoding: 'PLAIN', offsetIndex: false } as const;
    const columnData: ColumnSource[] = [
      { name: 'vin', data: this.#vin.slice(0, rows), statistics: true, offsetIndex: false },
      { name: 'session', data: this.#session.subarray(0, rows), ...plain },
      { name: 'seq', data: this.#seq.subarray(0, rows), ...plain },
      { name: 'reading', data: this.#reading.subarray(0, rows), ...plain },
      { name: 'scheduledAt', data: this.#scheduledAt.subarray(0, rows), ...plain },
      { name: 'simTime', data: this.#simTime.subarray(0, rows), statistics: true, ...plain },
      ...this.#signals.map((column, signal) => ({
        name: signalNames[signal]!,
        data: withNulls(column.subarray(0, rows)),
        encoding: 'BYTE_STREAM_SPLIT' as const,
        offsetIndex: false,
      })),
    ];
    void file.write({ columnData, rowGroupSize: rows, pageSize: 0 });
    const [group] = file.row_groups;
    if (!group) throw new Error('the Parquet writer made no row group');
    // A copy of its own length: what the writer grew to is up to twice as much.
    const bytes = writer.getBytes().slice(magicBytes);
    const messages = this.#messages;
    this.#rows = this.#messages = 0;
    this.#onBlock({ bytes, readings: rows, messages, rowGroup: shifted(group, -magicBytes) });
  }
}

/** The same row group, `by` bytes further on in its file. */
export function shifted(group: RowGroup, by: number): RowGroup {
  const move = (offset: bigint): bigint => offset + BigInt(by);
  const columns = group.columns.map((chunk) => {
    const { meta_data: data, file_offset: at } = chunk;
    if (!data) throw new Error('a column of a row group says nothing of itself');
    const { dictionary_page_offset: dictionary } = data;
    return {
      ...chunk,
      file_offset: move(at),
      meta_data: {
        ...data,
        data_page_offset: move(data.data_page_offset),
        ...(dictionary !== undefined && { dictionary_page_offset: move(dictionary) }),
      },
    };
  });
  return { ...group, columns };
}

/** A typed array where nothing is missing, which is the rule and many times as fast. */
function withNulls(column: Float32Array): Float32Array | (number | null)[] {
  for (const value of column) {
    if (Number.isNaN(value)) return Array.from(column, (each) => (Number.isNaN(each) ? null : each));
  }
  return column;
}
