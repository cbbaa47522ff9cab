import type { RowGroup, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { compressors, magicBytes, shifted } from './parquet-encoder.ts';
import { schemaOf } from './parquet-schema.ts';

export const parquetMagic = Buffer.from('PAR1');

/** What a Parquet file of row groups made elsewhere ends with. Some 25 KB of memory a row group. */
export class ParquetFooter {
  readonly #file: ParquetWriter;
  readonly #writer = new ByteWriter();

  constructor(columns: readonly SchemaElement[]) {
    const schema = schemaOf(columns);
    this.#file = new ParquetWriter({
      writer: this.#writer,
      schema,
      codec: 'ZSTD',
      compressors,
      createdBy: 'fleetbed',
    });
  }

  /** @param at where its bytes begin in the file */
  add(group: RowGroup, at: number): void {
    this.#file.row_groups.push(shifted(group, at));
    this.#file.num_rows += group.num_rows;
  }

  bytes(): Uint8Array {
    void this.#file.finish();
    return this.#writer.getBytes().subarray(magicBytes);
  }
}
