import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { failures, dtcOf } from '#contract/failures.ts';
import { signalNames } from '#contract/signals.ts';
import { failureModes, type FailureId } from '#simulator/failures/failures.ts';
import { failurePictures } from '../../scripts/draw-failures.ts';

const folder = fileURLToPath(new URL('../../docs/failures/', import.meta.url));
const page = readFileSync(path.join(folder, 'README.md'), 'utf8');

describe('the catalogue of failures', () => {
  test('its pictures are what the simulator does', () => {
    const pictures = failurePictures();
    assert.deepEqual(
      [...pictures.keys()].toSorted(),
      readdirSync(folder)
        .filter((name) => name.endsWith('.svg'))
        .toSorted(),
    );
    for (const [name, picture] of pictures) {
      assert.equal(
        readFileSync(path.join(folder, name), 'utf8'),
        picture,
        `${name}: draw it again with node scripts/draw-failures.ts`,
      );
      assert.ok(picture.length <= 15_000, `${name} has ${picture.length} bytes`);
      assert.doesNotMatch(picture, /NaN|undefined|Infinity/);
    }
  });

  test('every failure has a row with its code and its course, and its picture', () => {
    for (const { id, dtc, kind } of failures) {
      const row = page.split('\n').find((line) => line.startsWith(`| [${id}](#${id}) `));
      assert.ok(row, id);
      const { course } = failureModes[id as FailureId];
      const words =
        typeof course === 'string' ? course.replaceAll('-', ' ') : `a ${course.a}, b ${course.b} `;
      assert.ok(row.includes(words), `${id}: ${words}`);
      if (kind === 'engine') assert.ok(row.includes(`| ${dtc ?? '-'} `), `${id}: ${dtc}`);
      assert.ok(page.includes(`![${id}](${id}.svg)`), id);
    }
  });

  test("every sensor's codes stand there", () => {
    for (const name of signalNames) {
      const range = dtcOf('sensor-stuck', name);
      const row = page.split('\n').find((line) => line.startsWith(`| ${name} `));
      assert.equal(row !== undefined, range !== null, name);
      const cells = row?.split('|').map((cell) => cell.trim());
      if (range !== null) assert.deepEqual(cells?.slice(2, 4), [range, dtcOf('sensor-dropout', name)], name);
    }
  });
});
