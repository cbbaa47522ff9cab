import { z } from 'zod';
import { signalNames, type SignalName } from '#contract/signals.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { encodings, type MappedColumn, type Mapping } from '#simulator/recorded/mapping.ts';
import { namedFormats, timeFormat } from '#simulator/recorded/time-format.ts';
import { conversionOf, unitNamesOf, unitsOf } from '#simulator/recorded/units.ts';
import { complaint, oneOf, Problems, type Path } from './problems.ts';
import { readSource, type Source } from './source.ts';
import { duration } from './values.ts';

/** How a mapping file is written: docs/replay.md explains every field. */

const columnName = z.string({ error: () => 'expected the name of a column' }).min(1);

const signalName = z.enum(signalNames as [SignalName, ...SignalName[]], {
  error: ({ input }) =>
    complaint(
      `expected a signal (${oneOf(signalNames)})`,
      typeof input === 'string' ? nearestWord(input, signalNames) : undefined,
    ),
});

const column = z.strictObject({
  signal: signalName.describe('The signal that the column gives.'),
  unit: z
    .union([z.string(), z.number()], { error: () => 'expected the unit that the column is in' })
    .describe('The unit that it was recorded in.'),
  scale: z.number().default(1).describe('Multiplies what stands in the column, before units are converted.'),
  offset: z.number().default(0).describe('Is added to that, before units are converted.'),
  optional: z.boolean().default(false).describe('Whether files may do without the column.'),
});

const time = z.union(
  [
    z.strictObject({
      column: z.union([columnName, z.array(columnName).min(1).max(3)]),
      format: z.string(),
    }),
    z.strictObject({ interval: duration }),
  ],
  { error: () => 'expected {column: …, format: …}, or {interval: 1s} where rows have no time' },
);

/** A column that has no values between may be refreshed every few seconds only. */
const longestHoldMs = 3_600_000;

const sections = {
  columns: z
    .record(z.string(), column)
    .refine((columns) => Object.keys(columns).length > 0, 'expected at least one column'),
  time,
  rows: z.strictObject({ name: columnName, value: columnName }).optional(),
  delimiter: z
    .string({ error: () => 'expected one character, or tab' })
    .refine((text) => text === 'tab' || text.length === 1, 'expected one character, or tab')
    .optional(),
  decimal: z.enum(['.', ',']).default('.'),
  encoding: z.enum(encodings).optional(),
  skipLines: z.int().min(0).max(10_000).default(0),
  missing: z
    .array(z.union([z.string(), z.number(), z.null()]))
    .default(['', '-', 'NaN', 'NA', 'N/A', 'null', 'None', 'NODATA', 'NO DATA', '?']),
  hold: duration
    .refine((ms) => ms > 0 && ms <= longestHoldMs, 'expected more than 0s, up to 1h')
    .default(5000),
  newDriveAfter: duration
    .refine((ms) => ms >= 1000 && ms <= longestHoldMs, 'expected 1s to 1h')
    .default(60_000),
  car: z
    .union([z.strictObject({ column: columnName }), z.strictObject({ file: z.string().min(1) })], {
      error: () => "expected {column: …}, or {file: '^(.+)_'}: a pattern whose first group is the car",
    })
    .optional(),
};

const mappingFile = z.strictObject(sections);

export interface MappingFile {
  mapping: Mapping;
  source: Source;
}

/**
 * Reads and checks a mapping.
 * @throws ScenarioError that lists every problem as file:line:column: path: expected …, got …
 */
export async function readMapping(file: string): Promise<MappingFile> {
  const source = await readSource(file, 'mapping');
  const problems = new Problems(source);
  for (const problem of source.problems) problems.addText(problem);
  const mapping = check(source.content, problems);
  problems.throwIfAny();
  return { mapping: mapping!, source };
}

function check(content: unknown, problems: Problems): Mapping | undefined {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.add([], 'expected a mapping: columns, and time');
    return undefined;
  }
  // Names as people write them in YAML: `1: {…}` is a column called 1.
  const { data, error } = mappingFile.safeParse(content);
  if (error) problems.addIssues(error.issues, [], content, mappingFile);
  // Units and formats are looked at as well where something else is wrong.
  const raw = content as Record<string, unknown>;
  const columns = columnsOf(raw['columns'], problems);
  const decimal = sections.decimal.safeParse(raw['decimal']).data ?? '.';
  const timeOf = sections.time.safeParse(raw['time']).data;
  const format =
    timeOf && 'format' in timeOf ? formatOf(timeOf.format, decimal, ['time', 'format'], problems) : undefined;
  const car = sections.car.safeParse(raw['car']).data;
  const pattern = car && 'file' in car ? patternOf(car.file, problems) : undefined;
  if (!data || problems.any) return undefined;
  return {
    columns,
    time:
      'interval' in data.time
        ? { intervalMs: data.time.interval }
        : { columns: [data.time.column].flat(), format: format! },
    rows: data.rows,
    delimiter: data.delimiter === 'tab' ? '\t' : data.delimiter,
    decimal,
    encoding: data.encoding,
    skipLines: data.skipLines,
    missing: new Set([
      '',
      ...data.missing.map((word) =>
        String(word ?? '')
          .trim()
          .toLowerCase(),
      ),
    ]),
    holdMs: data.hold,
    newDriveAfterMs: data.newDriveAfter,
    car: pattern ? { file: pattern } : car && 'column' in car ? car : undefined,
  };
}

function columnsOf(raw: unknown, problems: Problems): Map<string, MappedColumn> {
  const columns = new Map<string, MappedColumn>();
  if (typeof raw !== 'object' || raw === null) return columns;
  const bySignal = new Map<SignalName, string>();
  for (const [name, value] of Object.entries(raw) as [string, unknown][]) {
    const { data } = column.safeParse(value);
    if (!data) continue;
    const { signal, scale, offset, optional } = data;
    const path = ['columns', name];
    const unit = String(data.unit);
    const conversion = conversionOf(signal, unit);
    if (!conversion) {
      const expected = `expected a unit of ${signal} (${oneOf(unitsOf(signal))})`;
      problems.add([...path, 'unit'], `${expected}, got ${unit}`, nearestWord(unit, unitNamesOf(signal)));
      continue;
    }
    const other = bySignal.get(signal);
    // Two names that one signal has, in one file or another, are both optional.
    if (other !== undefined && !(optional && columns.get(other)?.optional)) {
      const expected = `expected each signal once (or only optional columns of it), got ${signal}`;
      problems.add([...path, 'signal'], `${expected} as from ${other}`);
    }
    bySignal.set(signal, name.trim());
    const { factor } = conversion;
    columns.set(name.trim(), {
      ...{ signal, unit, optional, factor: scale * factor },
      offset: offset * factor + conversion.offset,
    });
  }
  return columns;
}

function formatOf(
  written: string,
  decimal: '.' | ',',
  path: Path,
  problems: Problems,
): ReturnType<typeof timeFormat> {
  const format = timeFormat(written, decimal);
  if (format) return format;
  const expected = `expected ${oneOf(namedFormats)}, or a pattern such as DD-MMM-YYYY HH:mm:ss.SSS`;
  problems.add(path, `${expected}, got ${written}`, nearestWord(written, namedFormats));
  return undefined;
}

function patternOf(written: string, problems: Problems): RegExp | undefined {
  try {
    return new RegExp(written, 'u');
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    problems.add(['car', 'file'], `expected a regular expression, got ${written}: ${words}`);
    return undefined;
  }
}
