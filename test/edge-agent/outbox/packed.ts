import { forgetting, openRow, type PackedRows, type Row } from '#edge-agent/outbox/packed-rows.ts';

export function packed(rows: readonly Row[]): PackedRows {
  return Buffer.concat(
    rows.map(([name, value]) => {
      if (value === null) return forgetting(name);
      const row = openRow(name, value.length);
      row.set(value, row.length - value.length);
      return row;
    }),
  );
}
