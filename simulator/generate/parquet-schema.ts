import type { SchemaElement } from 'hyparquet';
import { signalNames } from '#contract/signals.ts';

const required = { repetition_type: 'REQUIRED' } as const;
const time = { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' } as const;

/** The columns of telemetry.parquet, in order; a missing signal is null. */
export const telemetryColumns: readonly SchemaElement[] = [
  { name: 'vin', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required },
  { name: 'session', type: 'INT64', ...required },
  { name: 'seq', type: 'INT32', ...required },
  { name: 'reading', type: 'INT32', ...required },
  { name: 'scheduledAt', ...time, ...required },
  { name: 'simTime', ...time, ...required },
  ...signalNames.map((name) => ({ name, type: 'FLOAT' as const, repetition_type: 'OPTIONAL' as const })),
];

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const optional = { repetition_type: 'OPTIONAL' } as const;

/** The columns of truth.parquet, in order. */
export const truthColumns: readonly SchemaElement[] = [
  { name: 'vin', ...text, ...required },
  { name: 'failure', ...text, ...required },
  { name: 'dtc', ...text, ...optional },
  { name: 'kind', ...text, ...required },
  { name: 'severity', type: 'DOUBLE', ...required },
  { name: 'signal', ...text, ...optional },
  { name: 'onsetSim', ...time, ...required },
  { name: 'detectableAtSim', ...time, ...optional },
  { name: 'failureAtSim', ...time, ...optional },
];

/** As the format wants it: a tree whose root has the columns. */
export function schemaOf(columns: readonly SchemaElement[]): SchemaElement[] {
  return [{ name: 'schema', num_children: columns.length }, ...columns];
}
