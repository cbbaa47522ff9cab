import type { z } from 'zod';
import type { SpoilKind } from '#contract/ledger-records.ts';
import { nearestWord } from '#runtime/nearest-word.ts';
import { actions, type ActionName } from './actions.ts';
import { kinds, type Entries, type Kind, type Targets, type TargetWord, type Written } from './entries.ts';
import { checkFails, readFail } from './fails.ts';
import { checkOverlaps, type Placed } from './overlaps.ts';
import { oneOf, type Path, type Problems } from './problems.ts';
import type { Fail, Recorded, Spoil, TimelineEntry } from './scenario.ts';
import { checkSpoils, isSpoilWord, readSpoil } from './spoils.ts';
import { isRefusal, type Parts } from './targets.ts';
import { shortDuration } from './values.ts';

/** What the timeline is checked against. */
export interface TimelineContext {
  problems: Problems;
  lineOf(path: Path): number;
  seed: number;
  /** undefined while the number of edges is itself a problem */
  parts: Parts | undefined;
  /** End of the last stage; undefined while the stages are a problem. */
  endMs: number | undefined;
  /** "the end of the stages (--duration 30s)" */
  endName: string;
  kafkaGiven: boolean;
  /** Of the largest stage; undefined while the stages are a problem. */
  cars: number | undefined;
  /** Share of each kind of car; undefined while the fleet is a problem. */
  profiles: Record<string, number> | undefined;
  /** undefined while the fleet is a problem */
  qos: 0 | 1 | undefined;
  /** Where the cars drive what was recorded: they are of no kind, and `profiles` is undefined. */
  recorded: Recorded | undefined;
}

const actionNames = Object.keys(actions) as ActionName[];

/** Checks every entry on its own, then what they are together. @returns the good ones in the order of time */
export function readTimeline(raw: unknown, context: TimelineContext): TimelineEntry[] {
  if (!Array.isArray(raw)) {
    context.problems.add(
      ['timeline'],
      'expected a list of faults such as - {at: 12s, for: 15s, cut: edge-1/bridge}',
    );
    return [];
  }
  const entries = raw.flatMap(
    (value: unknown, index) => readEntry(value, ['timeline', index], context) ?? [],
  );
  const inOrder = entries.toSorted((a, b) => a.entry.atMs - b.entry.atMs);
  checkOverlaps(inOrder, context.problems);
  checkFails(inOrder, context);
  checkSpoils(inOrder, context);
  return inOrder.map(({ entry }) => entry);
}

function readEntry(value: unknown, path: Path, context: TimelineContext): Placed | undefined {
  const name = actionOf(value, path, context.problems);
  if (name === undefined) return undefined;
  const entry =
    name === 'fail'
      ? readFailEntry(value, path, context)
      : isSpoilWord(name)
        ? readSpoilEntry(name, value, path, context)
        : readTargeted(name, value, path, context);
  return entry && { entry: { ...entry, line: context.lineOf(path) }, path };
}

function readSpoilEntry(
  name: SpoilKind,
  value: unknown,
  path: Path,
  context: TimelineContext,
): Omit<Spoil, 'line'> | undefined {
  const written = parsed(name, value, path, context);
  if (!written) return undefined;
  checkEnd(written, path, context);
  return readSpoil(name, written, path, context);
}

function readFailEntry(value: unknown, path: Path, context: TimelineContext): Omit<Fail, 'line'> | undefined {
  const written = parsed('fail', value, path, context);
  if (!written) return undefined;
  checkEnd(written, path, context);
  return readFail(written, 'sensor' in (value as object), path, context);
}

function readTargeted<K extends TargetWord>(
  name: K,
  value: unknown,
  path: Path,
  context: TimelineContext,
): Entries[K] | undefined {
  const kind: Kind<K> = kinds[name];
  const written = parsed(name, value, path, context);
  // A target is checked even where something else is wrong, for a second mistake in the same entry.
  const given = (value as Record<string, unknown>)[name];
  if (!written) {
    if (typeof given === 'string') readTarget(name, given, path, context);
    return undefined;
  }
  checkEnd(written, path, context);
  kind.check?.(written, path, context.problems);
  const target = readTarget(name, String(given), path, context);
  return target && kind.entryOf(written, target);
}

/** The entry as its schema has it; undefined where it is wrong, which is then told. */
function parsed<K extends ActionName>(
  name: K,
  value: unknown,
  path: Path,
  { problems }: TimelineContext,
): Written<K> | undefined {
  const result = (actions[name] as unknown as z.ZodType<Written<K>>).safeParse(value);
  if (!result.success) problems.addIssues(result.error.issues, path, value, actions[name]);
  return result.data;
}

/** Which word the entry is about. */
function actionOf(value: unknown, path: Path, problems: Problems): ActionName | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.add(path, 'expected a fault such as {at: 35s, kill: bridge}');
    return undefined;
  }
  const keys = Object.keys(value);
  // A kill has an option of that name: {at: 35s, kill: bridge, restart: never}
  const named = actionNames.filter(
    (name) => keys.includes(name) && !(name === 'restart' && keys.includes('kill')),
  );
  const [name] = named;
  if (named.length === 1) return name;
  if (named.length > 1) {
    problems.add(path, `expected one fault an entry, got ${named.join(' and ')}: make two entries of it`);
    return undefined;
  }
  const fields = new Set(Object.values(actions).flatMap((action) => Object.keys(action.shape)));
  const strangers = keys.filter((key) => !fields.has(key));
  const hint = strangers.map((key) => nearestWord(key, actionNames)).find((near) => near !== undefined);
  const got = strangers.length === 0 ? 'none of them' : strangers.join(', ');
  problems.add(
    strangers[0] === undefined ? path : [...path, strangers[0]],
    `expected what goes wrong (${oneOf(actionNames)}), got ${got}`,
    hint,
    'key',
  );
  return undefined;
}

function readTarget<K extends TargetWord>(
  name: K,
  target: string,
  path: Path,
  context: TimelineContext,
): Targets[K] | undefined {
  const { parts, problems, seed, kafkaGiven } = context;
  if (!parts) return undefined;
  const kind: Kind<K> = kinds[name];
  const found = kind.targetOf(target, parts, `${seed}/${path.at(-1)}`);
  if (isRefusal(found)) {
    problems.add([...path, name], `expected ${found.expected}, got ${target}`, found.hint);
    return undefined;
  }
  if (kafkaGiven && /^(.*\/)?kafka$/.test(target)) {
    problems.add(
      [...path, name],
      `expected a part that this run starts, got ${target}: a Kafka that is given (--kafka) is not ours to break`,
    );
  }
  return found;
}

/** What comes when the stages are over never comes. */
export function isBeforeEnd(
  atMs: number,
  path: Path,
  { endMs, endName, problems }: Pick<TimelineContext, 'endMs' | 'endName' | 'problems'>,
): boolean {
  if (endMs === undefined || atMs < endMs) return true;
  const end = `${shortDuration(endMs)}, ${endName}`;
  problems.add(path, `expected a time before ${end}, got ${shortDuration(atMs)}`);
  return false;
}

function checkEnd(times: { at: number; for?: number }, path: Path, context: TimelineContext): void {
  const { endMs, endName, problems } = context;
  const { at: atMs, for: forMs = 0 } = times;
  const beforeMs = atMs + forMs;
  if (!isBeforeEnd(atMs, [...path, 'at'], context) || endMs === undefined) return;
  if (beforeMs > endMs) {
    problems.add(
      [...path, 'for'],
      `expected an end by ${shortDuration(endMs)}, ${endName}, got one at ${shortDuration(beforeMs)}`,
      endMs - atMs >= 1000 ? `for: ${shortDuration(Math.floor((endMs - atMs) / 1000) * 1000)}` : undefined,
    );
  }
}
