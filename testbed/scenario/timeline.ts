import { restartAfterMs } from '../run/timeline/kill.ts';
import { checkFails, readFail } from './fails.ts';
import { actions, type ActionName } from './file.ts';
import { oneOf, type Path, type Problems } from './problems.ts';
import type { Cut, Kill, TimelineEntry } from './scenario.ts';
import { isRefusal, linkOf, processesOf, type Parts } from './targets.ts';
import { shortDuration } from './values.ts';
import { nearestWord } from '#runtime/nearest-word.ts';

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
  return inOrder.map(({ entry }) => entry);
}

/** An entry, and where it stands. */
export interface Placed<E extends TimelineEntry = TimelineEntry> {
  entry: E;
  path: Path;
}

function readEntry(value: unknown, path: Path, context: TimelineContext): Placed | undefined {
  const { problems } = context;
  const name = actionOf(value, path, problems);
  if (name === undefined) return undefined;
  const parsed = actions[name].safeParse(value);
  if (!parsed.success) {
    problems.addIssues(parsed.error.issues, path, value, actions[name]);
    // A target is checked even so, for a second mistake in the same entry.
    const target = (value as Record<string, unknown>)[name];
    if (typeof target === 'string' && name !== 'fail') readTarget(name, target, path, context);
    return undefined;
  }
  const { data } = parsed;
  const line = context.lineOf(path);
  checkEnd(data.at, 'for' in data ? data.at + data.for : data.at, path, context);
  if ('fail' in data) {
    const entry = readFail(data, 'sensor' in (value as object), path, context);
    return entry && { entry: { ...entry, line }, path };
  }
  const target =
    'cut' in data ? readTarget('cut', data.cut, path, context) : readTarget('kill', data.kill, path, context);
  if (target === undefined) return undefined;
  const entry: TimelineEntry =
    'cut' in data
      ? { action: 'cut', atMs: data.at, forMs: data.for, link: target as Cut['link'], line }
      : {
          action: 'kill',
          atMs: data.at,
          target: data.kill,
          targets: target as Kill['targets'],
          restart: data.restart,
          line,
        };
  return { entry, path };
}

/** Which word the entry is about. */
function actionOf(value: unknown, path: Path, problems: Problems): ActionName | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.add(path, 'expected a fault such as {at: 35s, kill: bridge}');
    return undefined;
  }
  const keys = Object.keys(value);
  const named = actionNames.filter((name) => keys.includes(name));
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

function readTarget(
  name: 'cut' | 'kill',
  target: string,
  path: Path,
  context: TimelineContext,
): string[] | Cut['link'] | undefined {
  const { parts, problems, seed, kafkaGiven } = context;
  if (!parts) return undefined;
  const found = name === 'cut' ? linkOf(target, parts) : processesOf(target, parts, seed);
  if (isRefusal(found)) {
    problems.add([...path, name], `expected ${found.expected}, got ${target}`, found.hint);
    return undefined;
  }
  if (kafkaGiven && (target === 'kafka' || target === 'bridge/kafka')) {
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

function checkEnd(atMs: number, beforeMs: number, path: Path, context: TimelineContext): void {
  const { endMs, endName, problems } = context;
  if (!isBeforeEnd(atMs, [...path, 'at'], context) || endMs === undefined) return;
  if (beforeMs > endMs) {
    problems.add(
      [...path, 'for'],
      `expected an end by ${shortDuration(endMs)}, ${endName}, got one at ${shortDuration(beforeMs)}`,
      endMs - atMs >= 1000 ? `for: ${shortDuration(Math.floor((endMs - atMs) / 1000) * 1000)}` : undefined,
    );
  }
}

/** A link cannot be cut twice at a time, and a process that is down cannot be killed. */
function checkOverlaps(inOrder: readonly Placed[], problems: Problems): void {
  const openAgain = new Map<string, number>();
  const upAgain = new Map<string, number>();
  for (const { entry, path } of inOrder) {
    if (entry.action === 'cut') {
      const until = openAgain.get(entry.link.name) ?? 0;
      if (entry.atMs < until) {
        const got = `${shortDuration(entry.atMs)}: another cut of ${entry.link.name} lasts until then`;
        problems.add([...path, 'at'], `expected ${shortDuration(until)} or later, got ${got}`);
      }
      openAgain.set(entry.link.name, Math.max(until, entry.atMs + entry.forMs));
    }
    if (entry.action !== 'kill') continue;
    for (const target of entry.targets) {
      const up = upAgain.get(target) ?? 0;
      if (up === Number.POSITIVE_INFINITY) {
        problems.add(
          [...path, 'kill'],
          `expected a process that is up, got ${target}: killed before, restart: never`,
        );
      } else if (entry.atMs < up) {
        const got = `${shortDuration(entry.atMs)}: ${target} is still down from the kill before`;
        problems.add([...path, 'at'], `expected ${shortDuration(up)} or later, got ${got}`);
      }
      upAgain.set(target, entry.restart === 'never' ? Number.POSITIVE_INFINITY : entry.atMs + restartAfterMs);
    }
  }
}
