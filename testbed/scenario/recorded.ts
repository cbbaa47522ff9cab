import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { signals, type SignalName } from '#contract/signals.ts';
import { inWords } from '#runtime/errors.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { canBeLaidOver } from '#simulator/failures/failures.ts';
import { signalsOf } from '#simulator/recorded/mapping.ts';
import type { DrivesRead } from '#simulator/recorded/read-drives.ts';
import type { actions } from './actions.ts';
import { readMapping, type MappingFile } from './mapping-file.ts';
import { oneOf, Problems, ScenarioError, type Path } from './problems.ts';
import type { Recorded } from './scenario.ts';
import type { Source } from './source.ts';

/** What only simulated cars have. */
const ofSimulatedCars = ['profiles', 'start', 'usage'] as const;

/**
 * fleet.recorded of a scenario: its mapping is read and checked, the drives are only looked for. Paths are relative to the
 * scenario's file. Everything that is wrong is in `problems`.
 */
export async function readRecorded(source: Source, problems: Problems): Promise<Recorded | undefined> {
  const fleet = groupOf(groupOf(source.content)?.['fleet']);
  const written = groupOf(fleet?.['recorded']);
  const { drives, mapping } = written ?? {};
  if (!fleet || typeof drives !== 'string' || typeof mapping !== 'string') return undefined;
  for (const key of ofSimulatedCars.filter((name) => name in fleet)) {
    const expected = 'expected it only with simulated cars, got it with fleet.recorded';
    problems.add(['fleet', key], expected, undefined, 'key');
  }
  const folder = dirname(source.file);
  const place = resolve(folder, drives);
  try {
    await stat(place);
  } catch (error) {
    problems.add(['fleet', 'recorded', 'drives'], `expected a file or folder of CSVs, got ${inWords(error)}`);
  }
  try {
    const file = await readMapping(resolve(folder, mapping));
    return { drives: place, file };
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    // The mapping's problems name their own file and line.
    const position = source.position(['fleet', 'recorded', 'mapping']);
    for (const text of error.problems) problems.addText({ position, text });
    return undefined;
  }
}

/** Names of the mapping that no file has: what only the drives themselves can tell. @throws ScenarioError */
export function checkNames({ source }: MappingFile, { names }: DrivesRead): void {
  const problems = new Problems(source);
  for (const { name, of } of names.missed) {
    const at: Path = of === 'columns' ? ['columns', name] : [of];
    const { known } = names;
    const some = known.slice(0, 12).map((one) => JSON.stringify(one));
    const have = known.length === 0 ? 'none' : `${some.join(', ')}${known.length > 12 ? ', …' : ''}`;
    const near = nearestWord(name, known);
    const hint = encodingHint(name, known) ?? (near === undefined ? undefined : JSON.stringify(near));
    problems.add(at, `expected a column of the drives (${have}), got ${JSON.stringify(name)}`, hint, 'key');
  }
  problems.throwIfAny();
}

/** Letters and signs of another encoding read as replacement characters, one for each byte. */
function encodingHint(name: string, known: readonly string[]): string | undefined {
  const bare = name.replaceAll(/\P{ASCII}/gu, '\ufffd');
  return bare !== name && known.includes(bare) ? 'encoding: latin1' : undefined;
}

type WrittenFail = z.output<typeof actions.fail>;

/** What of an engine failure, or a fault, cannot be laid over recorded signals; and what signal-effect alone takes. */
export function checkLaidOver(
  written: WrittenFail,
  path: Path,
  { problems, recorded }: { problems: Problems; recorded: Recorded | undefined },
): void {
  const { fail, signal, sensor, factor, offset } = written;
  const isEffect = fail === 'signal-effect';
  for (const [key, value] of Object.entries({ signal, factor, offset })) {
    if (value === undefined || isEffect) continue;
    problems.add(
      [...path, key],
      `expected it only with signal-effect, got it with ${fail}`,
      undefined,
      'key',
    );
  }
  if (isEffect && signal === undefined) {
    problems.add([...path, 'fail'], 'expected the signal that changes, such as signal: manifoldPressure');
  }
  if (isEffect && (factor ?? 1) === 1 && (offset ?? 0) === 0) {
    problems.add(
      [...path, 'fail'],
      'expected a factor other than 1 or an offset other than 0, got no change',
    );
  }
  if (!recorded) return;
  if (!canBeLaidOver(fail)) {
    const expected = `expected a sensor's fault (sensor-…) or signal-effect, got ${fail}`;
    const why = 'recorded cars have no physics, so nobody knows what it would do to their signals';
    problems.add([...path, 'fail'], `${expected}: ${why}`);
    return;
  }
  const given = signalsOf(recorded.file.mapping);
  const named: SignalName = isEffect ? (signal ?? sensor) : sensor;
  if (given.has(named) || (isEffect && signal === undefined)) return;
  const inOrder = signals.map(({ name }) => name).filter((name) => given.has(name));
  const key = isEffect ? 'signal' : 'sensor';
  const side = key in written ? 'value' : 'key';
  problems.add(
    [...path, key],
    `expected a signal of the mapping (${oneOf(inOrder)}), got ${named}`,
    undefined,
    side,
  );
}

function groupOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
