import type { z } from 'zod';
import { spoilKinds, type SpoilKind } from '#contract/ledger-records.ts';
import type { simulatorConfig } from '#simulator/config.ts';
import type { ActionName } from './actions.ts';
import type { Written } from './entries.ts';
import { howMany } from './fails.ts';
import type { Placed } from './overlaps.ts';
import type { Path } from './problems.ts';
import { isSpoil, type Scenario, type Spoil } from './scenario.ts';
import type { TimelineContext } from './timeline.ts';
import { shortDuration } from './values.ts';

/** The words that spoil what cars send: duplicate, reorder, corrupt, oversize, wrong-schema, skew, slow-consumer. */

export function isSpoilWord(name: ActionName): name is SpoilKind {
  return (spoilKinds as readonly string[]).includes(name);
}

/** @returns undefined while the number of cars is itself a problem */
export function readSpoil(
  action: SpoilKind,
  written: Written<SpoilKind>,
  path: Path,
  { problems, cars: allCars, qos }: TimelineContext,
): Omit<Spoil, 'line'> | undefined {
  if (action === 'slow-consumer' && qos === 0) {
    problems.add(
      [...path, action],
      'expected cars that send at QoS 1, got fleet.qos 0: nothing is acknowledged, so there is nothing to read',
      undefined,
      'key',
    );
  }
  if (allCars === undefined) return undefined;
  // Each word has its cars under its own name.
  const given = (written as unknown as Record<SpoilKind, Written<'fail'>['cars']>)[action];
  const cars = howMany(given, allCars);
  if (cars > allCars) problems.add([...path, action], `expected at most ${allCars} cars, got ${cars}`);
  return {
    action,
    atMs: written.at,
    forMs: written.for,
    cars,
    share: given.share,
    every: 'every' in written ? written.every : 1,
    byMs: 'by' in written ? written.by : 0,
  };
}

/** Two words may hit the same message; of the same word twice, nobody could say which entry did it. */
export function checkSpoils(inOrder: readonly Placed[], { problems }: TimelineContext): void {
  const untilMs = new Map<SpoilKind, number>();
  for (const { entry, path } of inOrder) {
    if (!isSpoil(entry)) continue;
    const { action, atMs, forMs } = entry;
    const busyMs = untilMs.get(action) ?? 0;
    if (atMs < busyMs) {
      const got = `${shortDuration(atMs)}: another ${action} lasts until then`;
      problems.add([...path, 'at'], `expected ${shortDuration(busyMs)} or later, got ${got}`);
    }
    untilMs.set(action, Math.max(busyMs, atMs + forMs));
  }
}

/** What the timeline spoils, as a simulator is configured with it; every simulator gets all. */
export function spoilsOf({
  timeline,
}: Pick<Scenario, 'timeline'>): z.input<typeof simulatorConfig>['spoils'] {
  return timeline.filter(isSpoil).map(({ action: kind, atMs: at, forMs, cars, every, byMs: by }) => ({
    kind,
    at,
    for: forMs,
    cars,
    every,
    by,
  }));
}

/** "20 cars (every 10th message)", "1 car (clock 5m ahead)", "3 cars" */
export function spoiledCars({ action, cars, every, byMs }: Spoil): string {
  const who = `${cars.toLocaleString('en')} ${cars === 1 ? 'car' : 'cars'}`;
  if (action === 'slow-consumer') return who;
  if (action === 'skew') {
    return `${who} (clock ${shortDuration(Math.abs(byMs))} ${byMs < 0 ? 'behind' : 'ahead'})`;
  }
  return `${who} (every ${every === 1 ? '' : `${ordinal(every)} `}message)`;
}

const ordinalRules = new Intl.PluralRules('en', { type: 'ordinal' });
const suffixes: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

/** 2 -> 2nd, 11 -> 11th */
function ordinal(number: number): string {
  return `${number}${suffixes[ordinalRules.select(number)] ?? 'th'}`;
}
