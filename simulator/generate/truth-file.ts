import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { compressors } from './parquet-encoder.ts';
import { schemaOf, truthColumns } from './parquet-schema.ts';
import type { Format } from './plan.ts';
import type { TruthRow } from './truth-row.ts';

/** A whole truth file. Of a fleet in which nothing is wrong it has its columns and no row. */
export function truthFile(format: Exclude<Format, 'kafka'>, rows: readonly TruthRow[]): Uint8Array {
  if (format === 'parquet') return parquetFile(rows);
  if (format === 'csv') return Buffer.from([names.join(','), ...rows.map(csvLine), ''].join('\n'));
  return Buffer.from(rows.map((row) => `${JSON.stringify(plain(row))}\n`).join(''));
}

const names = truthColumns.map(({ name }) => name) as (keyof TruthRow)[];
const instants = new Set<string>(
  truthColumns.filter(({ converted_type: type }) => type === 'TIMESTAMP_MILLIS').map(({ name }) => name),
);

function plain(row: TruthRow): Partial<TruthRow> {
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

function csvLine(row: TruthRow): string {
  const cells = names.map((name) => {
    const value = row[name];
    if (value === null) return '';
    return instants.has(name) ? new Date(value).toISOString() : String(value);
  });
  return cells.join(',');
}

function parquetFile(rows: readonly TruthRow[]): Uint8Array {
  const writer = new ByteWriter();
  const schema = schemaOf(truthColumns);
  const file = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors, createdBy: 'fleetbed' });
  const columnData = names.map((name) => ({
    name,
    data: rows.map((row) => {
      const value = row[name];
      return instants.has(name) && value !== null ? BigInt(value) : value;
    }),
  }));
  if (rows.length > 0) void file.write({ columnData });
  void file.finish();
  return writer.getBytes();
}
