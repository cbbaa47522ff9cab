/** A row of the outbox file: a car's window, or the number of the last prediction; null when it is forgotten. */
export type Row = [name: string, value: Uint8Array | null];

/**
 * Rows, one behind the other: of each the length of its name, its name, the length of its value, its value; lengths in two bytes.
 * Of two rows of one name the later one holds. Packed as they are made: a message has one, and a row that is an array, a buffer
 * and an entry of a map costs an edge ten times as much on its way to the thread that writes it.
 */
export type PackedRows = Buffer;

export const noRows: PackedRows = Buffer.alloc(0);

/** In the place of a value's length: there is none any more. */
const forgotten = 0xffff;

/** One row, whose last `valueBytes` bytes are still to be written. */
export function openRow(name: string, valueBytes: number): PackedRows {
  return begun(name, valueBytes, valueBytes);
}

/** The row of a name that is forgotten. */
export function forgetting(name: string): PackedRows {
  return begun(name, forgotten, 0);
}

function begun(name: string, length: number, valueBytes: number): PackedRows {
  const nameBytes = Buffer.byteLength(name);
  const row = Buffer.allocUnsafe(4 + nameBytes + valueBytes);
  const nameAt = row.writeUInt16BE(nameBytes, 0);
  row.write(name, nameAt, 'utf8');
  row.writeUInt16BE(length, nameAt + nameBytes);
  return row;
}

/** As far as they are whole: what is not was never written so. Values are parts of `packed`. */
export function unpackRows(packed: Uint8Array): Row[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const rows: Row[] = [];
  forEachRow(bytes, (name, from, to) => rows.push([name, from < 0 ? null : bytes.subarray(from, to)]));
  return rows;
}

/** @param take told where the value stands in `bytes`; from -1 where the name is forgotten */
export function forEachRow(bytes: Buffer, take: (name: string, from: number, to: number) => void): void {
  for (let at = 0; at + 2 <= bytes.length;) {
    const value = at + 4 + bytes.readUInt16BE(at);
    if (value > bytes.length) break;
    const length = bytes.readUInt16BE(value - 2);
    const end = length === forgotten ? value : value + length;
    if (end > bytes.length) break;
    take(bytes.toString('utf8', at + 2, value - 2), length === forgotten ? -1 : value, end);
    at = end;
  }
}
