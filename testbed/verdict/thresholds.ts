import { z } from 'zod';
import type { Threshold } from '../scenario/scenario.ts';
import { leastFailures } from './detection/score.ts';
import { summarySchema, type Summary } from './summary.ts';

export type ThresholdResult = Summary['thresholds'][number];

/** What a run is, and not how it went, is nothing to hold it to. */
const notAResult = /^(fleet\.|run\.(seed|exitCode)$)/;

/** Every path whose value is a number in every summary, in the summary's order. */
export const thresholdMetrics: readonly string[] = numericPaths(summarySchema, '').filter(
  (path) => !path.includes('*') && !notAResult.test(path),
);

const named = numericPaths(summarySchema, '')
  .filter((path) => path.includes('*'))
  .map((path) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^.]+')}$`));

/** Can a threshold stand on this path? Paths by name count too: resources.byProcess.edge-1.rssPeakBytes. */
export function isThresholdMetric(path: string): boolean {
  return thresholdMetrics.includes(path) || named.some((pattern) => pattern.test(path));
}

/** Holds a summary against its thresholds. What was not measured has not held. */
export function evaluate(thresholds: readonly Threshold[], summary: Summary): ThresholdResult[] {
  return thresholds.map((threshold) => {
    const { metric, op, value, condition } = threshold;
    const actual = numberAt(summary, metric);
    const note = tooLittle(threshold, summary);
    return {
      metric,
      condition,
      actual,
      ok: actual !== null && note === null && comparisons[op](actual, value),
      note,
    };
  });
}

/** Chance alone makes such a number: it fails its threshold, whatever it is. */
function tooLittle({ metric, value }: Threshold, { detection }: Summary): string | null {
  if (metric === 'detection.recall' && detection.engineFailures < leastFailures) {
    return `not enough data: ${detection.engineFailures} engine failures, ${leastFailures} are needed`;
  }
  if (metric !== 'detection.falseAlarmsPerVehicleDay') return null;
  const days = detection.vehicleDays ?? 0;
  // The rule of three: none in 3 / rate days is what a rate just above the limit makes once in twenty times.
  const needed = value > 0 ? 3 / value : Number.POSITIVE_INFINITY;
  if (days >= needed) return null;
  return `not enough data: ${days} vehicle-days, ${Math.round(needed * 1000) / 1000} are needed`;
}

const comparisons: Record<Threshold['op'], (actual: number, value: number) => boolean> = {
  '<': (actual, value) => actual < value,
  '<=': (actual, value) => actual <= value,
  '==': (actual, value) => actual === value,
  '!=': (actual, value) => actual !== value,
  '>=': (actual, value) => actual >= value,
  '>': (actual, value) => actual > value,
};

function numberAt(summary: Summary, path: string): number | null {
  let value: unknown = summary;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** `*` stands for a name that only the run knows. Lists have no paths. */
function numericPaths(schema: z.ZodType, path: string): string[] {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional)
    return numericPaths(schema.unwrap() as z.ZodType, path);
  if (schema instanceof z.ZodNumber) return [path];
  if (schema instanceof z.ZodRecord) return numericPaths(schema.valueType as z.ZodType, `${path}.*`);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
    numericPaths(field, path === '' ? name : `${path}.${name}`),
  );
}
