import { signals } from '#contract/signals.ts';
import { conversionOf } from './units.ts';
import type { MappedColumn, Mapping } from './mapping.ts';

/** What a cell says: a value in the signal's unit, nothing, no number, or one that no such sensor reports. */
export type CellValue = number | 'missing' | 'bad-number' | 'implausible';

const numberPattern = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*(\D*)$/i;

/** @param index of the signal */
export function valueOf(
  text: string,
  column: MappedColumn,
  index: number,
  { missing, decimal }: Pick<Mapping, 'missing' | 'decimal'>,
): CellValue {
  if (missing.has(text.toLowerCase())) return 'missing';
  const [, digits, unit = ''] = numberPattern.exec(decimal === ',' ? text.replace(',', '.') : text) ?? [];
  if (digits === undefined || !isItsUnit(unit, column)) return 'bad-number';
  const value = Number(digits) * column.factor + column.offset;
  const { min, max } = signals[index]!.range;
  return value >= min && value <= max ? value : 'implausible';
}

/** Some loggers write the unit into every cell: 13.8V. Another one than the mapping's would be another value. */
function isItsUnit(unit: string, column: MappedColumn): boolean {
  if (unit === '') return true;
  const said = conversionOf(column.signal, unit);
  const mapped = conversionOf(column.signal, column.unit);
  return said !== undefined && said.factor === mapped?.factor && said.offset === mapped.offset;
}
