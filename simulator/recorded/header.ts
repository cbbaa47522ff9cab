import { signalIndex } from '#contract/signals.ts';
import type { MappedColumn, Mapping } from './mapping.ts';

/** A column that gives a signal, and where it stands. */
export interface SignalCell extends MappedColumn {
  place: number;
  /** Of the signal. */
  index: number;
}

/** What a header says of the rows below it, by the mapping. */
export interface Header {
  cells: readonly string[];
  /** Cells that a row should have: behind the last name nothing is expected. */
  width: number;
  /** Empty where there is no column of time. */
  time: readonly number[];
  signals: readonly SignalCell[];
  /** Where each row names its value. */
  row: { name: number; value: number } | undefined;
  car: number | undefined;
}

/** Why a line is no header for a mapping. */
export interface NoHeader {
  /** Columns that it would need. */
  lacks: readonly string[];
}

/** @returns what is missing, where the time, the naming columns, or every signal is */
export function headerOf(cells: readonly string[], mapping: Mapping): Header | NoHeader {
  const time = 'columns' in mapping.time ? mapping.time.columns : [];
  const naming = mapping.rows ? [mapping.rows.name, mapping.rows.value] : [];
  const car = mapping.car && 'column' in mapping.car ? [mapping.car.column] : [];
  const lacks = [...time, ...naming, ...car].filter((name) => !cells.includes(name));
  if (lacks.length > 0) return { lacks };
  const signals = mapping.rows ? [] : signalCells(cells, mapping);
  if (!mapping.rows && signals.length === 0) return { lacks: [...mapping.columns.keys()] };
  // A name that stands twice is the first of the two.
  const place = (name: string): number => cells.indexOf(name);
  return {
    cells,
    width: 1 + cells.findLastIndex((cell) => cell !== ''),
    time: time.map(place),
    signals,
    row: mapping.rows && { name: place(mapping.rows.name), value: place(mapping.rows.value) },
    car: car[0] === undefined ? undefined : place(car[0]),
  };
}

export function isHeader(found: Header | NoHeader): found is Header {
  return 'signals' in found;
}

function signalCells(cells: readonly string[], mapping: Mapping): SignalCell[] {
  return [...mapping.columns].flatMap(([name, column]) => {
    const place = cells.indexOf(name);
    return place < 0 ? [] : [{ ...column, place, index: signalIndex[column.signal] }];
  });
}
