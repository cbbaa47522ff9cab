import { nearestWord } from '#runtime/nearest-word.ts';
import { isThresholdMetric, thresholdMetrics } from '../verdict/thresholds.ts';
import { oneOf, type Problems } from './problems.ts';
import type { Threshold } from './scenario.ts';
import { condition } from './values.ts';

/** Thresholds as they stand in the file, each checked on its own: that its metric exists and its condition compares. */
export function readThresholds(raw: unknown, problems: Problems): Threshold[] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    problems.add(['thresholds'], 'expected metrics and their conditions such as delivery.lost: "== 0"');
    return [];
  }
  return Object.entries(raw).flatMap(([metric, value]: [string, unknown]) => {
    const path = ['thresholds', metric];
    if (isGroup(value)) {
      const [inner, compared] = Object.entries(value)[0] ?? [];
      const hint = inner === undefined ? undefined : `${metric}.${inner}: ${JSON.stringify(compared)}`;
      problems.add(path, 'expected the whole path on one line, got a group', hint, 'key');
      return [];
    }
    if (!isThresholdMetric(metric)) problems.add(path, ...unknownMetric(metric), 'key');
    const parsed = condition.safeParse(value);
    if (!parsed.success) problems.addIssues(parsed.error.issues, path, value, condition);
    return parsed.success ? [{ metric, ...parsed.data }] : [];
  });
}

/** What was expected: the neighbours of what was written, as far as its path is right. */
function unknownMetric(metric: string): [string, string | undefined] {
  const hint = nearestWord(metric, thresholdMetrics);
  const steps = metric.split('.');
  for (let known = steps.length - 1; known > 0; known--) {
    const prefix = `${steps.slice(0, known).join('.')}.`;
    const below = thresholdMetrics
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length));
    if (below.length > 0) return [`expected one of ${prefix}{${below.join(', ')}}, got ${metric}`, hint];
  }
  const groups = [...new Set(thresholdMetrics.map((path) => path.split('.')[0] ?? ''))];
  return [`expected a number of summary.json (in ${oneOf(groups)}), got ${metric}`, hint];
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
