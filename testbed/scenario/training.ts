import type { z } from 'zod';
import type { sections } from './file.ts';
import type { Training } from './scenario.ts';
import { isBeforeEnd, type TimelineContext } from './timeline.ts';

/** Trainings in the order of time; one that would come after the end is a problem. */
export function readTraining(
  written: NonNullable<z.output<typeof sections.training>>,
  context: Pick<TimelineContext, 'endMs' | 'endName' | 'problems'>,
): Training {
  for (const [index, atMs] of written.at.entries()) isBeforeEnd(atMs, ['training', 'at', index], context);
  const { history, detector, falseAlarmsPerVehicleDay } = written;
  return {
    atMs: written.at.toSorted((a, b) => a - b),
    history: { lastMs: history.since },
    detector,
    falseAlarmsPerVehicleDay,
  };
}
