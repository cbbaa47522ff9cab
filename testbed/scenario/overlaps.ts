import { restartAfterMs } from '../run/timeline/kill.ts';
import type { Path, Problems } from './problems.ts';
import { isSpoil, linksOf, type Link, type TimelineEntry } from './scenario.ts';
import { shortDuration } from './values.ts';

/** An entry, and where it stands. */
export interface Placed<E extends TimelineEntry = TimelineEntry> {
  entry: E;
  path: Path;
}

/** What a part usually needs to drain and to be there again, where the timeline restarts it in order. */
const restartMs = 5000;

/** A link or a process that is taken. */
interface Busy {
  by: 'cut' | 'slow' | 'bandwidth' | 'flap' | 'kill' | 'pause' | 'restart' | 'disk-full';
  /** Infinity: for good. */
  untilMs: number;
}

/** One fault at a time on a link, a process or a disk: of two, nobody could say which one did what. */
export function checkOverlaps(inOrder: readonly Placed[], problems: Problems): void {
  const links = new Map<string, Busy>();
  const processes = new Map<string, Busy>();
  const disks = new Map<string, Busy>();
  for (const { entry, path } of inOrder) {
    const tooEarly = (untilMs: number, why: string): void => {
      const got = `${shortDuration(entry.atMs)}: ${why}`;
      problems.add([...path, 'at'], `expected ${shortDuration(untilMs)} or later, got ${got}`);
    };
    const blocking = longestOf(linksOf(entry), links, entry);
    if (blocking) {
      const other = blocking.by === entry.action ? `another ${blocking.by}` : `a ${blocking.by}`;
      tooEarly(blocking.untilMs, `${other} of ${blocking.name} lasts until then`);
    }
    for (const { name } of linksOf(entry)) occupy(links, name, entry);
    for (const name of 'disks' in entry ? entry.disks : []) {
      const busy = disks.get(name);
      if (busy && entry.atMs < busy.untilMs) tooEarly(busy.untilMs, `the disk of ${name} is full until then`);
      occupy(disks, name, entry);
    }
    for (const name of processesOf(entry)) {
      const busy = processes.get(name);
      if (busy?.untilMs === Number.POSITIVE_INFINITY) {
        problems.add(
          [...path, entry.action],
          `expected a process that is up, got ${name}: killed before, restart: never`,
        );
      } else if (busy && entry.atMs < busy.untilMs) {
        tooEarly(busy.untilMs, `${name} is still ${processWords[busy.by]} from the ${busy.by} before`);
      }
      // A process may be killed while its disk is full.
      if (entry.action !== 'disk-full') occupy(processes, name, entry);
    }
  }
}

/** The processes that must be up for a fault. */
function processesOf(entry: TimelineEntry): readonly string[] {
  if ('targets' in entry) return entry.targets;
  return 'disks' in entry ? entry.disks : [];
}

const processWords: Partial<Record<Busy['by'], string>> = {
  kill: 'down',
  pause: 'paused',
  restart: 'on its way',
};

/** Of the faults that an entry's links are taken by, the one that lasts longest. */
function longestOf(
  wanted: readonly Link[],
  taken: ReadonlyMap<string, Busy>,
  entry: TimelineEntry,
): (Busy & { name: string }) | undefined {
  return wanted
    .flatMap(({ name }) => {
      const busy = taken.get(name);
      return busy && entry.atMs < busy.untilMs && !isCarriedBy(entry, busy) ? [{ ...busy, name }] : [];
    })
    .toSorted((a, b) => b.untilMs - a.untilMs)[0];
}

/** Connections of a slow link may be reset; those of a cut one are gone. */
function isCarriedBy({ action }: TimelineEntry, { by }: Busy): boolean {
  return (action === 'reset' || action === 'storm') && (by === 'slow' || by === 'bandwidth');
}

/** Resets and storms are over at once. */
function occupy(taken: Map<string, Busy>, name: string, entry: TimelineEntry): void {
  if (entry.action === 'fail' || entry.action === 'reset' || entry.action === 'storm' || isSpoil(entry))
    return;
  const until = entry.atMs + lengthMs(entry);
  if (until >= (taken.get(name)?.untilMs ?? 0)) taken.set(name, { by: entry.action, untilMs: until });
}

function lengthMs(entry: Extract<TimelineEntry, { action: Busy['by'] }>): number {
  if (entry.action === 'restart') return restartMs;
  if (entry.action !== 'kill') return entry.forMs;
  return entry.restart === 'never' ? Number.POSITIVE_INFINITY : restartAfterMs;
}
