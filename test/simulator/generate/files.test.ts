import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { decodeTelemetry } from '#contract/telemetry.ts';
import { signalIndex, signalNames } from '#contract/signals.ts';
import { ParquetFooter, parquetMagic } from '#simulator/generate/parquet-footer.ts';
import { telemetryColumns } from '#simulator/generate/parquet-schema.ts';
import { csvHeader } from '#simulator/generate/text-encoders.ts';
import { truthFile } from '#simulator/generate/truth-file.ts';
import { failureWith } from '../failures/fleets.ts';
import { fleetWith } from '../fleets.ts';
import { generated } from './generated.ts';

/** Of all kinds, so that some have no trims and no gear; cut by hand into messages of seven. */
const fleet = fleetWith({
  cars: 10,
  speedup: 1,
  intervalMs: 1500,
  readingsPerMessage: 7,
  simStartMs: Date.UTC(2025, 11, 31, 23, 55),
  stages: [{ forMs: 900_000, cars: 10 }],
  failures: [
    failureWith({
      failure: 'sensor-dropout',
      sensor: 'massAirFlow',
      cars: 2,
      overMs: 60_000,
      withinMs: 60_000,
    }),
    failureWith({ failure: 'hot-day', cars: 1, overMs: 300_000 }),
  ],
});

type Row = Record<string, string | number | null>;

/** The rows as the records have them: what every format is held to. */
async function rowsOfRecords(): Promise<Row[]> {
  const { blocks } = await generated({ fleet, format: 'kafka' });
  return blocks.flatMap(({ bytes, records }) =>
    [...records!.ends].flatMap((end, place) => {
      const batch = decodeTelemetry(Buffer.from(bytes).subarray(records!.ends[place - 1] ?? 0, end));
      const { vin, session, seq, scheduledAt, columns } = batch;
      return Array.from(columns[0]!, (_, reading) => {
        const simTime = batch.simTime + reading * batch.intervalMs;
        const signals = signalNames.map((name) => {
          const value = columns[signalIndex[name]]![reading]!;
          return [name, Number.isNaN(value) ? null : value] as const;
        });
        return { vin, session, seq, reading, scheduledAt, simTime, ...Object.fromEntries(signals) };
      });
    }),
  );
}

/** Text has the shortest number: as a 32-bit float it is the same. */
function rounded(row: Row): Row {
  for (const name of signalNames) {
    const value = row[name];
    if (typeof value === 'number') row[name] = Math.fround(value);
  }
  return row;
}

test('csv, ndjson and parquet have the same rows as the records, each reading once, nothing where a signal is missing', async () => {
  const rows = await rowsOfRecords();
  assert.ok(rows.length > 5000);
  assert.ok(rows.some((row) => row['massAirFlow'] === null) && rows.some((row) => row['gear'] === null));

  const csv = (await generated({ fleet, format: 'csv' })).bytes.toString();
  const names = csvHeader.trimEnd().split(',');
  const fromCsv = csv
    .trimEnd()
    .split('\n')
    .map((line) => {
      const cells = line.split(',');
      assert.equal(cells.length, names.length);
      return rounded(
        Object.fromEntries(
          names.map((name, place) => {
            const cell = cells[place]!;
            if (name === 'vin') return [name, cell];
            if (name === 'scheduledAt' || name === 'simTime') {
              assert.equal(new Date(cell).toISOString(), cell);
              return [name, Date.parse(cell)];
            }
            return [name, cell === '' ? null : Number(cell)];
          }),
        ),
      );
    });
  assertSame(fromCsv, rows);

  const ndjson = (await generated({ fleet, format: 'ndjson' })).bytes.toString();
  const fromNdjson = ndjson
    .trimEnd()
    .split('\n')
    .map((line) => rounded(JSON.parse(line) as Row));
  assertSame(fromNdjson.map(sorted), rows.map(sorted));

  const footer = new ParquetFooter(telemetryColumns);
  const parts: Uint8Array[] = [parquetMagic];
  let at = 4;
  for (const { bytes, rowGroup } of (await generated({ fleet, format: 'parquet' })).blocks) {
    footer.add(rowGroup!, at);
    parts.push(bytes);
    at += bytes.length;
  }
  const fromParquet = await readParquet(Buffer.concat([...parts, footer.bytes()]));
  assertSame(fromParquet, rows);
});

/** Row by row: the difference between thousands of rows takes minutes to draw. */
function assertSame(actual: readonly Row[], expected: readonly Row[]): void {
  assert.equal(actual.length, expected.length);
  for (const [place, row] of expected.entries()) assert.deepEqual(actual[place], row, `row ${place}`);
}

function sorted(row: Row): Row {
  return Object.fromEntries(Object.entries(row).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

async function readParquet(bytes: Buffer): Promise<Row[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) };
  const rows = await parquetReadObjects({ file, compressors });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        if (value instanceof Date) return [name, value.getTime()];
        if (typeof value === 'bigint') return [name, Number(value)];
        return [name, value as string | number | null];
      }),
    ),
  );
}

test('truth files have a row for each failing car, and their columns even when there is none', async () => {
  const { truths } = await generated({ fleet, format: 'csv' });
  assert.equal(truths.length, 3);
  const [header, ...lines] = truthFile('csv', truths).toString().trimEnd().split('\n');
  assert.equal(header, 'vin,failure,dtc,kind,severity,signal,onsetSim,detectableAtSim,failureAtSim');
  const hotDay = truths.find(({ failure }) => failure === 'hot-day')!;
  const seenAt = hotDay.detectableAtSim === null ? '' : new Date(hotDay.detectableAtSim).toISOString();
  assert.ok(
    lines.includes(
      `${hotDay.vin},hot-day,,benign,0.7,,2025-12-31T23:55:00.000Z,${seenAt},2026-01-01T00:00:00.000Z`,
    ),
    lines.join('\n'),
  );
  assert.equal(lines.filter((line) => line.includes(',P0102,sensor,0.7,massAirFlow,')).length, 2);
  const fromNdjson = truthFile('ndjson', truths).toString().trimEnd().split('\n');
  const fromParquet = await readParquet(Buffer.from(truthFile('parquet', truths)));
  const plain = truths.map(
    ({ onset: _onset, detectableAt: _detectableAt, failureAt: _failureAt, ...row }) => row,
  );
  assert.deepEqual(
    fromNdjson.map((line) => sorted(JSON.parse(line) as Row)),
    plain.map((row) => sorted({ ...row })),
  );
  assert.deepEqual(
    fromParquet.map(sorted),
    plain.map((row) => sorted({ ...row })),
  );

  assert.equal(truthFile('csv', []).toString(), `${header}\n`);
  assert.equal(truthFile('ndjson', []).length, 0);
  assert.deepEqual(await readParquet(Buffer.from(truthFile('parquet', []))), []);
});
