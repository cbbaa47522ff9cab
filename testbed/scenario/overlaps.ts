import { restartAfterMs } from '../run/timeline/kill.ts';
import type { Path, Problems } from './problems.ts';
import { linksOf, type TimelineEntry } from './scenario.ts';
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
  by: 'cut' | 'slow' | 'bandwidth' | 'flap' | 'kill' | 'pause' | 'restart';
  /** Infinity: for good. */
  untilMs: number;
}

/** One fault at a time on a link or a process: of two, nobody could say which one did what. */
export function checkOverlaps(inOrder: readonly Placed[], problems: Problems): void {
  const links = new Map<string, Busy>();
  const processes = new Map<string, Busy>();
  for (const { entry, path } of inOrder) {
    const tooEarly = (untilMs: number, why: string): void => {
      const got = `${shortDuration(entry.atMs)}: ${why}`;
      problems.add([...path, 'at'], `expected ${shortDuration(untilMs)} or later, got ${got}`);
    };
    for (const { name } of linksOf(entry)) {
      const busy = links.get(name);
      if (busy && entry.atMs < busy.untilMs && !isCarriedBy(entry, busy)) {
        const other = busy.by === entry.action ? `another ${busy.by}` : `a ${busy.by}`;
        tooEarly(busy.untilMs, `${other} of ${name} lasts until then`);
      }
      occupy(links, name, entry);
    }
    for (const name of 'targets' in entry ? entry.targets : []) {
      const busy = processes.get(name);
      if (busy?.untilMs === Number.POSITIVE_INFINITY) {
        problems.add(
          [...path, entry.action],
          `expected a process that is up, got ${name}: killed before, restart: never`,
        );
      } else if (busy && entry.atMs < busy.untilMs) {
        tooEarly(busy.untilMs, `${name} is still ${processWords[busy.by]} from the ${busy.by} before`);
      }
      occupy(processes, name, entry);
    }
  }
}

const processWords: Partial<Record<Busy['by'], string>> = {
  kill: 'down',
  pause: 'paused',
  restart: 'on its way',
};

/** Connections of a slow link may be reset; those of a cut one are gone. */
function isCarriedBy({ action }: TimelineEntry, { by }: Busy): boolean {
  return (action === 'reset' || action === 'storm') && (by === 'slow' || by === 'bandwidth');
}

/** Resets and storms are over at once. */
function occupy(taken: Map<string, Busy>, name: string, entry: TimelineEntry): void {
  if (entry.action === 'fail' || entry.action === 'reset' || entry.action === 'storm') return;
  const until = entry.atMs + lengthMs(entry);
  if (until >= (taken.get(name)?.untilMs ?? 0)) taken.set(name, { by: entry.action, untilMs: until });
}

function lengthMs(entry: Extract<TimelineEntry, { action: Busy['by'] }>): number {
  if (entry.action === 'restart') return restartMs;
  if (entry.action !== 'kill') return entry.forMs;
  return entry.restart === 'never' ? Number.POSITIVE_INFINITY : restartAfterMs;
}
