import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, longestLine } from '#simulator/recorded/csv-lines.ts';
import { cellsOf, delimiterOf } from '#simulator/recorded/csv-cells.ts';
import { rejections, repairs } from '#simulator/recorded/tally.ts';
import { unitsOf } from '#simulator/recorded/units.ts';
import { signalNames } from '#contract/signals.ts';
import { repository } from '#test/fleetbed.ts';
import { readBack, simple } from './reading.ts';

function linesOf(pieces: readonly string[]): { text: string | undefined; number: number; ended: boolean }[] {
  const lines: ReturnType<typeof linesOf> = [];
  const splitter = new LineSplitter((text, number, ended) => lines.push({ text, number, ended }));
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return lines;
}

test('lines end with CR, LF or both, mixed, wherever a piece ends', () => {
  const text = 'a\r\nb\nc\rd\r\n\ne\r\r\nf';
  const whole = linesOf([text]).map((line) => line.text);
  assert.deepEqual(whole, ['a', 'b', 'c', 'd', '', 'e', '', 'f']);
  assert.equal(linesOf([text]).at(-1)?.ended, false);
  for (let at = 0; at <= text.length; at++) {
    const pieces = linesOf([text.slice(0, at), text.slice(at)]);
    assert.deepEqual(pieces, linesOf([text]), `cut at ${at}`);
  }
  assert.deepEqual(linesOf(text.split('')), linesOf([text]));
});

test('a line that is too long is told and not kept', () => {
  const long = 'x'.repeat(longestLine + 1);
  const lines = linesOf([`a\n${long}`, long, '\nb\n']);
  assert.deepEqual(
    lines.map(({ text, number }) => [text, number]),
    [
      ['a', 1],
      [undefined, 2],
      ['b', 3],
    ],
  );
});

test('cells: quotes, doubled quotes, delimiters in quotes, spaces around', () => {
  assert.deepEqual(cellsOf('1, 2 ,,"a,b" , "say ""hi""",x', ','), ['1', '2', '', 'a,b', 'say "hi"', 'x']);
  assert.deepEqual(cellsOf('"1";"";', ';'), ['1', '', '']);
  assert.equal(cellsOf('1,"2,3', ','), undefined);
  assert.deepEqual(cellsOf('', ','), ['']);
  assert.equal(delimiterOf('a;b;"c,d,e,f"'), ';');
  assert.equal(delimiterOf('a\tb'), '\t');
  assert.equal(delimiterOf('a'), ',');
  const cell = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '.', '-') });
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
      const line = cells.map((one) => `"${one.replaceAll('"', '""')}"`).join(',');
      assert.deepEqual(cellsOf(line, ','), cells);
    }),
  );
});

test('every rule of docs/replay.md: what becomes of a row', async () => {
  const rows = [
    't,v,n',
    's,km/h,rpm', // units
    '0,10,1000',
    '1,11,1100,,', // extra-cells
    '2,12', // missing-cells
    '3,abc,1300', // bad-number
    '4,999,1400', // implausible
    '4,14,1450', // same-time
    '3.5,0,0', // time-goes-back
    '', // no row
    't,v,n', // header
    ',15,1500', // no-time
    '5,15,1500,7', // too-many-cells
    '6,"16,1600', // open-quote
    `7,${'1'.repeat(70_000)},1700`, // too-long
    '8,18 km/h,1800rpm',
    '9,1', // cut-off: the file ends in it
  ];
  const { read, reasons, drive } = await readBack(simple, { 'a.csv': `\ufeff${rows.join('\r\n')}` });
  assert.deepEqual(reasons, {
    units: 1,
    'extra-cells': 1,
    'missing-cells': 1,
    'bad-number': 1,
    implausible: 1,
    'same-time': 1,
    'time-goes-back': 1,
    header: 1,
    'no-time': 1,
    'too-many-cells': 1,
    'open-quote': 1,
    'too-long': 1,
    'cut-off': 1,
  });
  assert.equal(read.tally.accepted, 2);
  assert.equal(read.tally.rows, 15);
  for (const { line, reason, words } of read.tally.named)
    assert.match(words, /expected .*got /, reason + line);
  assert.deepEqual(read.tally.named.map(({ reason, line }) => `${line} ${reason}`).slice(0, 4), [
    '2 units',
    '4 extra-cells',
    '5 missing-cells',
    '6 bad-number',
  ]);
  assert.deepEqual(drive(0, 'speed'), [10, 11, 12, 12, 14, 14, 14, 14, 18]);
  assert.deepEqual(drive(0, 'engineSpeed'), [1000, 1100, 1100, 1300, 1450, 1450, 1450, 1450, 1800]);
  assert.deepEqual([...read.names.faults], [['v', { 'bad-number': 1, implausible: 1 }]]);
});

test('a header in the middle may bring other columns in another order', async () => {
  const text = 't,v,n\n0,10,1000\nn,t,v,x\n1100,1,11,z\n';
  const { drive, reasons } = await readBack(simple, { 'a.csv': text });
  assert.deepEqual(drive(0, 'speed'), [10, 11]);
  assert.deepEqual(drive(0, 'engineSpeed'), [1000, 1100]);
  assert.deepEqual(reasons, { header: 1 });
});

test('a clock that leaps begins a new drive, one that goes back a little loses its row', async () => {
  const text = 't,v,n\n100,1,1\n101,2,2\n99,9,9\n102,3,3\n500,4,4\n501,5,5\n20,6,6\n21,7,7\n';
  const { read, drive, reasons } = await readBack(simple, { 'a.csv': text });
  assert.deepEqual(
    read.drives.map(({ name, readings }) => [name, readings]),
    [
      ['a.csv:2', 3],
      ['a.csv:6', 2],
      ['a.csv:8', 2],
    ],
  );
  assert.deepEqual(drive(1, 'speed'), [4, 5]);
  assert.deepEqual(reasons, { 'time-goes-back': 1 });
});

test('files that are no text, or lack the header, are named; the others are read', async () => {
  const { read } = await readBack(simple, {
    'good.csv': 't,v,n\n0,1,1\n1,2,2\n',
    'b/binary.csv': Buffer.from([1, 2, 0, 3, 255]),
    'b/zipped.csv': Buffer.from([0x1f, 0x8b, 8, 0]),
    'b/sheet.csv': Buffer.from('PK\u0003\u0004'),
    'empty.csv': '',
    'other.csv': 'a,b\n1,2\n',
    'notes.md': 'no drive',
  });
  assert.equal(read.drives.length, 1);
  assert.equal(read.otherFiles, 1);
  const words = Object.fromEntries(read.refused.map((one) => [one.file, one.words]));
  assert.match(words['b/binary.csv'] ?? '', /expected CSV text, got a binary file/);
  assert.match(words['b/zipped.csv'] ?? '', /unpack it first/);
  assert.match(words['b/sheet.csv'] ?? '', /save it as CSV/);
  assert.match(words['empty.csv'] ?? '', /expected a header and rows, got no text/);
  assert.match(words['other.csv'] ?? '', /expected a header with "t", which line 1 lacks/);
});

test('UTF-16 is known by its mark, latin-1 by the mapping', async () => {
  const degrees = `time: { column: t, format: seconds }\ncolumns: { '°C': { signal: coolantTemperature, unit: °C } }\n`;
  const text = 't,°C\n0,80\n1,81\n';
  const utf16 = await readBack(degrees, { 'a.csv': Buffer.from(`\ufeff${text}`, 'utf16le') });
  assert.deepEqual(utf16.drive(0, 'coolantTemperature'), [80, 81]);
  const latin = await readBack(`${degrees}encoding: latin1\n`, { 'a.csv': Buffer.from(text, 'latin1') });
  assert.deepEqual(latin.drive(0, 'coolantTemperature'), [80, 81]);
});

test('any bytes: no crash, and every row is accepted, repaired or rejected', async () => {
  const word = fc.constantFrom(
    ...'0123456789'.split(''),
    '.',
    ',',
    ';',
    '\n',
    '\r',
    '"',
    '-',
    'e',
    ' ',
    't',
    'NaN',
    't,v,n\n',
    '\0',
  );
  const soup = fc.array(word, { maxLength: 200 }).map((words) => Buffer.from(words.join('')));
  const bytes = fc.oneof(
    soup,
    fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some)),
  );
  const row = fc.tuple(fc.double(), fc.double(), fc.constantFrom(',', ',,', ',x', ''));
  const table = fc
    .array(row, { maxLength: 30 })
    .map((rows) => Buffer.from(`t,v,n\n${rows.map(([t, v, end]) => `${t},${v}${end}`).join('\n')}`));
  const withHeader = soup.map((some) => Buffer.concat([Buffer.from('t,v,n\n'), some]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, withHeader, table), async (content) => {
      const { read } = await readBack(simple, { 'a.csv': content });
      const { rows, accepted, repaired, rejected } = read.tally;
      assert.equal(accepted + repaired + rejected, rows);
      const lines = content.toString().split(/\r\n|\r|\n/);
      assert.ok(read.refused.length === 1 || rows <= lines.length);
      if (read.refused.length === 0 && lines[0] === 't,v,n')
        assert.equal(rows, lines.slice(1).filter((line) => line.trim() !== '').length);
      assert.equal(
        read.drives.reduce((sum, { readings }) => sum + readings, 0),
        read.readings,
      );
    }),
    { numRuns: 300 },
  );
});

test('without a column of time each row is an interval, also one that is lost', async () => {
  const mapping = simple.replace('{ column: t, format: seconds }', '{ interval: 2s }');
  const text = 't,v,n\n-,km/h,rpm\n0,10,1\n0,11,1,9\n0,12,1\nt,v,n\n0,13,1\n';
  const { drive, reasons } = await readBack(mapping, { 'a.csv': text });
  assert.deepEqual(reasons, { units: 1, 'too-many-cells': 1, header: 1 });
  assert.deepEqual(drive(0, 'speed'), [10, 10, 10, 10, 12, 12, 13]);
});

test('docs/replay.md has every reason and every unit', async () => {
  const page = await readFile(path.join(repository, 'docs/replay.md'), 'utf8');
  for (const reason of [...repairs, ...rejections])
    assert.match(page, new RegExp(`^\\| ${reason} +\\|`, 'm'));
  for (const name of signalNames)
    for (const unit of unitsOf(name)) assert.ok(page.includes(unit), `${name} in ${unit}`);
});
