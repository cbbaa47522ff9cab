import type { z } from 'zod';
import type { SpoilKind } from '#contract/ledger-records.ts';
import type { ActionName, actions } from './actions.ts';
import type { Path, Problems } from './problems.ts';
import type { Link, TimelineEntry } from './scenario.ts';
import { edgesOf, linkOf, pausableOf, processesOf, stormOf, type Parts, type Refusal } from './targets.ts';
import { shortDuration } from './values.ts';

/** The faults that have a target, by the word that names it: what it stands for, and the entry that it makes. */

export type TargetWord = Exclude<ActionName, 'fail' | SpoilKind>;
export type Written<K extends ActionName> = z.output<(typeof actions)[K]>;

/** What the target of each word stands for. */
export interface Targets {
  cut: Link;
  slow: Link;
  bandwidth: Link;
  reset: Link;
  flap: Link;
  kill: string[];
  pause: string[];
  restart: string[];
  storm: Link[];
  'disk-full': string[];
}

/** What each word makes; where it stands in the file is added to it. */
export type Entries = { [K in TargetWord]: Omit<Extract<TimelineEntry, { action: K }>, 'line'> };

/** One kind of fault. */
export interface Kind<K extends TargetWord> {
  /** @param draw what a random choice hangs on: the scenario's seed and the entry's place */
  targetOf(target: string, parts: Parts, draw: string): Targets[K] | Refusal;
  entryOf(written: Written<K>, target: Targets[K]): Entries[K];
  /** What must hold between the entry's own fields. */
  check?(written: Written<K>, path: Path, problems: Problems): void;
}

export const kinds: { readonly [K in TargetWord]: Kind<K> } = {
  cut: {
    targetOf: linkOf,
    entryOf: ({ at: atMs, for: forMs }, link) => ({ action: 'cut', atMs, forMs, link }),
  },
  slow: {
    targetOf: linkOf,
    entryOf: ({ at: atMs, for: forMs, latency: latencyMs, jitter: jitterMs }, link) => ({
      action: 'slow',
      atMs,
      forMs,
      link,
      latencyMs,
      jitterMs,
    }),
    check({ latency, jitter }, path, problems) {
      if (jitter <= latency) return;
      const most = `expected at most the latency of ${shortDuration(latency)}`;
      problems.add([...path, 'jitter'], `${most}, got ${shortDuration(jitter)}`);
    },
  },
  bandwidth: {
    targetOf: linkOf,
    entryOf: ({ at: atMs, for: forMs, rate: bytesPerSecond }, link) => ({
      action: 'bandwidth',
      atMs,
      forMs,
      link,
      bytesPerSecond,
    }),
  },
  reset: {
    targetOf: linkOf,
    entryOf: ({ at: atMs }, link) => ({ action: 'reset', atMs, link }),
  },
  flap: {
    targetOf: linkOf,
    entryOf: ({ at: atMs, for: forMs, down: downMs, up: upMs }, link) => ({
      action: 'flap',
      atMs,
      forMs,
      link,
      downMs,
      upMs,
    }),
    check({ for: lasts, down }, path, problems) {
      if (down < lasts) return;
      const less = `expected less than the ${shortDuration(lasts)} that it flaps for`;
      problems.add([...path, 'down'], `${less}, got ${shortDuration(down)}: that is a cut`);
    },
  },
  kill: {
    targetOf: processesOf,
    entryOf: ({ at: atMs, kill: target, restart }, targets) => ({
      action: 'kill',
      atMs,
      target,
      targets,
      restart,
    }),
  },
  pause: {
    targetOf: pausableOf,
    entryOf: ({ at: atMs, for: forMs, pause: target }, targets) => ({
      action: 'pause',
      atMs,
      forMs,
      target,
      targets,
    }),
  },
  restart: {
    targetOf: processesOf,
    entryOf: ({ at: atMs, restart: target }, targets) => ({ action: 'restart', atMs, target, targets }),
  },
  storm: {
    targetOf: stormOf,
    entryOf: ({ at: atMs, storm: target }, links) => ({ action: 'storm', atMs, target, links }),
  },
  'disk-full': {
    targetOf: edgesOf,
    entryOf: ({ at: atMs, for: forMs, 'disk-full': target }, disks) => ({
      action: 'disk-full',
      atMs,
      forMs,
      target,
      disks,
    }),
  },
};
