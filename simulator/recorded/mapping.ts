import type { SignalName } from '#contract/signals.ts';
import type { TimeFormat } from './time-format.ts';
import type { Conversion } from './units.ts';

/** How a logger's CSV becomes signals: what a mapping file says, checked and with units resolved. */
export interface Mapping {
  /** By the name of the column; with `rows`, by the name that stands in the row. */
  columns: ReadonlyMap<string, MappedColumn>;
  time: TimeColumn | { intervalMs: number };
  /** Each row has one value: the columns that name it and hold it. undefined: a column for each signal. */
  rows: { name: string; value: string } | undefined;
  /** undefined: the one that the header has most of. */
  delimiter: string | undefined;
  decimal: '.' | ',';
  /** undefined: what the byte-order mark says, else UTF-8. */
  encoding: Encoding | undefined;
  /** Lines above the header. */
  skipLines: number;
  /** In lower case. */
  missing: ReadonlySet<string>;
  /** How long a value stands until there is a next one. */
  holdMs: number;
  /** A clock that leaps by more, forward or back, begins a new drive. */
  newDriveAfterMs: number;
  /** Which drives are of one car: a column, or a part of the file's name. undefined: any car drives any. */
  car: { column: string } | { file: RegExp } | undefined;
}

export const encodings = ['utf-8', 'utf-16le', 'latin1'] as const;
export type Encoding = (typeof encodings)[number];

export interface MappedColumn extends Conversion {
  signal: SignalName;
  /** As the mapping has it. */
  unit: string;
  /** Files without it are no reason to doubt the mapping. */
  optional: boolean;
}

export interface TimeColumn {
  /** Several are put together with a space: a date and a time. */
  columns: readonly string[];
  format: TimeFormat;
}

/** The signals that a mapping gives, in no particular order. */
export function signalsOf({ columns }: Mapping): Set<SignalName> {
  return new Set([...columns.values()].map(({ signal }) => signal));
}
